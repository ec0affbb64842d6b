// The list of who is online, or in the room that is shown.

import { lobby, shown, whenShown } from './conversations.js';
import { element, ui } from './elements.js';
import { setText, translate, whenLanguageChanges } from './language.js';
import { firstInOrder, matcher, MOST_LISTED, setItems } from './listing.js';
import { keepOneTabStop, moveWithArrows } from './roving.js';
import { chat } from './state.js';
import { throttled } from './throttle.js';

// What a shorter list lacks is a second connection of somebody whom it names.
const SHORTEST_CUT = 100;

const order = new Intl.Collator();
const items = new Map();   // name → list item
const listSoon = throttled(listPeople);

function comesBefore(a, b) {
  if (a === chat.username || b === chat.username) return a === chat.username;
  return order.compare(a, b) < 0;
}

// `count`: connections there, of which the server may name but the first.
export function setPeople(conversation, names, count = names.length) {
  conversation.people = new Set(names);
  setUnnamed(conversation, count);
  if (conversation === shown) listPeople();
}

export function setUnnamed(conversation, count) {
  const named = conversation.people.size;
  conversation.unnamed = named < SHORTEST_CUT ? 0 : Math.max(0, count - named);
}

export function addPerson(conversation, name) {
  if (conversation.people.has(name)) return;
  conversation.people.add(name);
  if (conversation === shown) listSoon();
}

export function removePerson(conversation, name) {
  const known = conversation.people.delete(name);
  if (!known && conversation.unnamed > 0) conversation.unnamed -= 1;
  if (conversation === shown) listSoon();
}

export function listPeople() {
  const { people, unnamed } = shown;
  ui.findPerson.hidden = people.size <= MOST_LISTED;
  const filter = ui.findPerson.hidden ? '' : ui.findPerson.value;
  const found = [...people].filter(matcher(filter));
  const first = firstInOrder(found, comesBefore);
  const focused = ui.users.contains(document.activeElement) && document.activeElement;
  const place = focused ? [...ui.users.querySelectorAll('button')].indexOf(focused) : -1;
  const known = new Map(items);
  items.clear();
  for (const name of first) items.set(name, madeAlready(known.get(name), name) ?? makePerson(name));
  setItems(ui.users, [...items.values()]);
  keepOneTabStop(ui.users, focused?.isConnected ? focused : undefined);
  if (focused && !focused.isConnected) focusNear(place);
  const more = found.length - first.length + (filter ? 0 : unnamed);
  ui.peopleMore.hidden = more === 0;
  if (more) setText(ui.peopleMore, 'list.more', { count: more });
  describePeople(people.size + unnamed);
  ui.users.dispatchEvent(new Event('change'));
}

// The server may have told meanwhile that the name is mine.
function madeAlready(item, name) {
  const mine = item?.firstElementChild.classList.contains('me');
  return mine === (name === chat.username) ? item : undefined;
}

// Whose button had the focus is gone: it goes to the one that has taken its place.
function focusNear(place) {
  const buttons = [...ui.users.querySelectorAll('button')];
  const near = buttons[Math.min(place, buttons.length - 1)];
  if (near) keepOneTabStop(ui.users, near);
  (near ?? ui.text).focus();
}

function makePerson(name) {
  const mine = name === chat.username;
  const item = element('li');
  const person = element(mine ? 'span' : 'button', mine ? 'person me' : 'person');
  person.dataset.name = name;
  person.append(element('span'));
  person.firstElementChild.dir = 'auto';
  if (!mine) {
    person.type = 'button';
    person.tabIndex = -1;    // see keepOneTabStop
    person.setAttribute('aria-pressed', 'false');
  }
  item.append(person);
  labelPerson(item, name);
  return item;
}

function labelPerson(item, name) {
  const person = item.firstElementChild;
  const mine = name === chat.username;
  if (mine) setText(person.firstElementChild, 'person.me', { name });
  else person.firstElementChild.textContent = name;
  person.title = mine ? name : translate('person.hint', { name });
}

function describePeople(count) {
  if (shown !== lobby) setText(ui.peopleTitle, 'people.room', { count });
  else if (count) setText(ui.peopleTitle, 'people.count', { count });
  else setText(ui.peopleTitle, 'people');
  ui.peopleNote.hidden = count > 1;
  const alone = shown === lobby ? 'people.alone' : 'people.alone.room';
  setText(ui.peopleNote, count ? alone : 'people.none');
}

export function personButton(name) {
  return items.get(name)?.querySelector('button');
}

ui.findPerson.addEventListener('input', listSoon);
moveWithArrows(ui.users);
// What is shown belongs to the conversation that is: it does not wait.
whenShown(() => {
  ui.findPerson.value = '';
  listPeople();
});
whenLanguageChanges(() => items.forEach(labelPerson));
