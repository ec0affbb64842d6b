// The list of who is online: one stop for the Tab key, arrows within.

import { element, ui } from './elements.js';
import { setText, translate, whenLanguageChanges } from './language.js';
import { chat } from './state.js';

const people = new Map();   // name → list item

const order = new Intl.Collator();
let tabStop = null;    // the one name that the Tab key reaches

function comesBefore(a, b) {
  if (a === chat.username || b === chat.username) return a === chat.username;
  return order.compare(a, b) < 0;
}

export function showPeople(names) {
  people.clear();
  ui.users.replaceChildren();
  const sorted = [...new Set(names)].sort((a, b) => (comesBefore(a, b) ? -1 : 1));
  for (const name of sorted) ui.users.append(makePerson(name));
  peopleChanged();
}

export function addPerson(name) {
  if (people.has(name)) return;
  const next = [...ui.users.children]
    .find(other => comesBefore(name, other.firstElementChild.dataset.name));
  ui.users.insertBefore(makePerson(name), next ?? null);
  peopleChanged();
}

function makePerson(name) {
  const mine = name === chat.username;
  const item = element('li');
  const person = element(mine ? 'span' : 'button', mine ? 'person me' : 'person');
  person.dataset.name = name;
  person.append(element('span'));
  if (!mine) {
    person.type = 'button';
    person.tabIndex = -1;    // see keepOneTabStop
    person.setAttribute('aria-pressed', 'false');
  }
  item.append(person);
  people.set(name, item);
  labelPerson(item, name);
  return item;
}

export function removePerson(name) {
  const item = people.get(name);
  if (!item) return;
  const neighbour = (item.nextElementSibling ?? item.previousElementSibling)?.querySelector('button');
  const focused = item.contains(document.activeElement);
  if (item.contains(tabStop)) keepOneTabStop(neighbour);
  if (focused) (neighbour ?? ui.text).focus();
  item.remove();
  people.delete(name);
  peopleChanged();
}

function labelPerson(item, name) {
  const person = item.firstElementChild;
  const mine = name === chat.username;
  person.firstElementChild.textContent = mine ? translate('person.me', { name }) : name;
  person.title = mine ? name : translate('person.hint', { name });
}

function peopleChanged() {
  if (people.size) setText(ui.peopleTitle, 'people.count', { count: people.size });
  else setText(ui.peopleTitle, 'people');
  ui.peopleNote.hidden = people.size > 1;
  setText(ui.peopleNote, people.size ? 'people.alone' : 'people.none');
  keepOneTabStop();
  ui.users.dispatchEvent(new Event('change'));
}

// However many are online, the list is one stop for the Tab key; arrows move within it.
function keepOneTabStop(chosen) {
  if (!chosen && tabStop?.isConnected) return;
  if (tabStop) tabStop.tabIndex = -1;
  tabStop = chosen ?? ui.users.querySelector('button');
  if (tabStop) tabStop.tabIndex = 0;
}

function moveInPeople(event) {
  const buttons = [...ui.users.querySelectorAll('button')];
  const index = buttons.indexOf(document.activeElement);
  const next = {
    ArrowDown: index + 1, ArrowRight: index + 1, ArrowUp: index - 1, ArrowLeft: index - 1,
    Home: 0, End: buttons.length - 1,
  }[event.key];
  if (index < 0 || next === undefined) return;
  event.preventDefault();
  const chosen = buttons[Math.min(Math.max(next, 0), buttons.length - 1)];
  keepOneTabStop(chosen);
  chosen.focus();
}

export function isOnline(name) {
  return people.has(name);
}

export function personButton(name) {
  return people.get(name)?.querySelector('button');
}

ui.users.addEventListener('keydown', moveInPeople);
whenLanguageChanges(() => people.forEach(labelPerson));
