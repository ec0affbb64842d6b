// The list of rooms: mine, those with the most members, or those that are looked for.

import { conversationIn, openRooms } from './conversations.js';
import { element, ui } from './elements.js';
import { setText, translate, whenLanguageChanges } from './language.js';
import { matcher, MOST_LISTED, setItems } from './listing.js';
import { keepOneTabStop, moveWithArrows } from './roving.js';
import { throttled } from './throttle.js';

const order = new Intl.Collator();
const counts = new Map();   // room → connections in it
const items = new Map();    // room → list item
let unnamed = 0;            // rooms that the server has, too, but did not name

// `count`: how many there are in all, of which the server may name but some.
export function setRooms(rooms, count = rooms.length) {
  counts.clear();
  for (const { room, member_count: members } of rooms) counts.set(room, members);
  unnamed = Math.max(0, count - rooms.length);
}

export function setRoomCount(room, count) {
  if (count === 0) counts.delete(room);
  else if (count !== undefined) counts.set(room, count);
  if (counts.has(room) && items.has(room)) showItem(items.get(room), room);
  else listSoon();
}

// Of too many rooms, those that I'm in and those with the most members are listed.
function firstRooms(found) {
  if (found.length <= MOST_LISTED) return found;
  const weight = room => (conversationIn(room) ? Infinity : counts.get(room) ?? 0);
  return found
    .map(room => [weight(room), room])
    .sort(([a], [b]) => (a === b ? 0 : b - a))
    .slice(0, MOST_LISTED)
    .map(([, room]) => room);
}

export function listRooms() {
  const known = [...new Set([...counts.keys(), ...openRooms().map(({ room }) => room)])];
  const filter = ui.room.value.trim();
  const found = filter ? known.filter(matcher(filter)) : known;
  const first = firstRooms(found).sort(order.compare);
  const focused = ui.roomList.contains(document.activeElement) && document.activeElement;
  const made = new Map(items);
  items.clear();
  for (const room of first) items.set(room, made.get(room) ?? makeItem(room));
  items.forEach(showItem);
  setItems(ui.roomList, [...items.values()]);
  keepOneTabStop(ui.roomList, focused?.isConnected ? focused : undefined);
  if (focused && !focused.isConnected) ui.room.focus();
  const more = found.length - first.length + (filter ? 0 : unnamed);
  ui.roomsMore.hidden = more === 0;
  if (more) setText(ui.roomsMore, 'list.more', { count: more });
  ui.roomsNote.hidden = found.length > 0;
  setText(ui.roomsNote, known.length ? 'rooms.unlike' : 'rooms.none');
}

export const listSoon = throttled(listRooms);

function makeItem(room) {
  const item = element('li');
  const button = element('button', 'room');
  const name = element('span', 'room-name', room);
  name.dir = 'auto';
  button.type = 'button';
  button.tabIndex = -1;    // see keepOneTabStop
  button.dataset.room = room;
  button.append(name, element('span', 'count'));
  item.append(button);
  return item;
}

function showItem(item, room) {
  const joined = Boolean(conversationIn(room));
  const button = item.firstElementChild;
  const count = String(counts.get(room) ?? '');
  button.classList.toggle('joined', joined);
  button.title = translate(joined ? 'room.show' : 'room.join', { name: room });
  if (button.lastElementChild.textContent !== count) button.lastElementChild.textContent = count;
}

moveWithArrows(ui.roomList);
whenLanguageChanges(listRooms);
