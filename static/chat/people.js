// The list of who is online, or in the room that is shown.

import { lobby, shown, whenShown } from './conversations.js';
import { element, ui } from './elements.js';
import { setText, translate, whenLanguageChanges } from './language.js';
import { keepOneTabStop, moveWithArrows } from './roving.js';
import { chat } from './state.js';

const order = new Intl.Collator();
const items = new Map();   // name → list item

function comesBefore(a, b) {
  if (a === chat.username || b === chat.username) return a === chat.username;
  return order.compare(a, b) < 0;
}

export function setPeople(conversation, names) {
  conversation.people = new Set(names);
  if (conversation === shown) showPeople();
}

export function addPerson(conversation, name) {
  if (conversation.people.has(name)) return;
  conversation.people.add(name);
  if (conversation !== shown) return;
  const next = [...ui.users.children]
    .find(other => comesBefore(name, other.firstElementChild.dataset.name));
  ui.users.insertBefore(makePerson(name), next ?? null);
  peopleChanged();
}

export function removePerson(conversation, name) {
  if (!conversation.people.delete(name) || conversation !== shown) return;
  const item = items.get(name);
  const beside = item.nextElementSibling ?? item.previousElementSibling;
  const neighbour = beside?.querySelector('button');
  const focused = item.contains(document.activeElement);
  if (item.querySelector('[tabindex="0"]')) keepOneTabStop(ui.users, neighbour);
  if (focused) (neighbour ?? ui.text).focus();
  item.remove();
  items.delete(name);
  peopleChanged();
}

export function showPeople() {
  items.clear();
  ui.users.replaceChildren();
  const sorted = [...shown.people].sort((a, b) => (comesBefore(a, b) ? -1 : 1));
  for (const name of sorted) ui.users.append(makePerson(name));
  peopleChanged();
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
  items.set(name, item);
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

function peopleChanged() {
  const count = shown.people.size;
  if (shown !== lobby) setText(ui.peopleTitle, 'people.room', { count });
  else if (count) setText(ui.peopleTitle, 'people.count', { count });
  else setText(ui.peopleTitle, 'people');
  ui.peopleNote.hidden = count > 1;
  const alone = shown === lobby ? 'people.alone' : 'people.alone.room';
  setText(ui.peopleNote, count ? alone : 'people.none');
  keepOneTabStop(ui.users);
  ui.users.dispatchEvent(new Event('change'));
}

export function personButton(name) {
  return items.get(name)?.querySelector('button');
}

moveWithArrows(ui.users);
whenShown(showPeople);
whenLanguageChanges(() => items.forEach(labelPerson));
