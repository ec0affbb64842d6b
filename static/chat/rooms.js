// Joining and leaving rooms.

import {
  closeConversation, conversationIn, lobby, openConversation, openRooms, renameConversation, show,
} from './conversations.js';
import { ui } from './elements.js';
import { beginConversation } from './history.js';
import { setText } from './language.js';
import { showSystem } from './log.js';
import { setPeople } from './people.js';
import { rememberPositions } from './reload.js';
import { listRooms, listSoon, setRooms, setRoomCount } from './room_list.js';
import { giveUpRoom, renameRoom } from './sending.js';
import { expectAnswerTo, takeAnswered } from './sent.js';
import { sendFrame } from './socket.js';
import { chat } from './state.js';

const REFRESH_INTERVAL = 30_000;   // milliseconds

// A server without rooms, such as the tutorial's, knows no such address; then there are only
// messages to all.
export async function findRooms() {
  let response;
  try {
    response = await fetch('/rooms', { cache: 'no-store' });
    if (response.ok) {
      const { rooms, room_count: count } = await response.json();
      setRooms(rooms, count);
      chat.hasRooms = true;
    } else if (response.status === 404) {
      chat.hasRooms = false;
    }
  } catch {
    // The list stays as it was; the connection says for itself when the server is away.
  }
  document.body.classList.toggle('has-rooms', chat.hasRooms === true);
  listRooms();
}

function showRoomProblem(problem) {
  ui.roomProblem.hidden = !problem;
  if (problem) setText(ui.roomProblem, ...problem);
  ui.room.setAttribute('aria-invalid', String(Boolean(problem)));
}

function openRoom(name) {
  const conversation = conversationIn(name);
  showRoomProblem(null);
  if (name === '') return ui.room.focus();
  if (chat.state !== 'online') return showRoomProblem(['send.offline.room']);
  if (!conversation?.joined) return sendJoin(name, true);
  arriveAt(conversation);
}

function sendJoin(room, byReader) {
  if (chat.state !== 'online') return;
  const position = conversationIn(room)?.streams[0].position;
  const isKnown = (position?.epoch ?? null) !== null;
  sendFrame({ type: 'join', room, ...(isKnown && { since: String(position) }) });
  expectAnswerTo({ join: room, byReader });
}

function arriveAt(conversation) {
  ui.room.value = '';
  listRooms();
  showRoomProblem(null);
  unfold(false);
  show(conversation);
  ui.text.focus();
}

// For a room that is open here, but where the server does not know one.
export function rejoin(conversation) {
  conversation.joined = false;
  sendJoin(conversation.room, false);
}

// Before anything else is said on a new connection. `told`: the welcome said who is online.
export async function enterRooms(told) {
  openRooms().forEach(rejoin);
  await findRooms();
  if (chat.hasRooms && chat.state === 'online' && !told) sendFrame({ type: 'who' });
}

export function receiveJoined({ room, members = [], member_count: count, epoch, seq }) {
  const asked = takeAnswered();
  const before = conversationIn(asked?.join);
  if (before && before !== lobby && !conversationIn(room)) {
    renameRoom(before.room, room);
    renameConversation(before, room);
  }
  const again = Boolean(conversationIn(room));
  const conversation = openConversation(room);
  conversation.joined = true;
  const said = again && !chat.keepsLog ? 'room.rejoined' : again ? 'room.back' : 'room.joined';
  showSystem(conversation, [said, { name: room }]);
  setPeople(conversation, members, count);
  countMembers(room, count);
  if (asked?.byReader) arriveAt(conversation);
  beginConversation(conversation, [{ epoch, seq }]);
  rememberPositions();
}

export function receiveLeft({ room }) {
  const conversation = conversationIn(room);
  if (!conversation || conversation === lobby) return;
  const focused = [conversation.tab, ui.leave].includes(document.activeElement);
  closeConversation(conversation);
  giveUpRoom(room);
  rememberPositions();
  if (focused || document.activeElement === document.body) ui.text.focus();
  findRooms();
}

export function countMembers(room, count) {
  setRoomCount(room, count);
}

// `sent` is the join that was refused; a rate only delays it.
export function joinRefused(sent, data, milliseconds) {
  const name = sent?.join ?? data.room;
  const problem = [`error.${data.code}`, { name, seconds: Math.ceil(milliseconds / 1_000) }];
  const conversation = conversationIn(name);
  if (conversation && conversation !== lobby) showSystem(conversation, problem, 'error');
  else showRoomProblem(problem);
  if (milliseconds) setTimeout(() => sendJoin(name, sent.byReader), milliseconds);
}

export function leaveRoom(conversation) {
  if (chat.state === 'online' && conversation.joined) {
    sendFrame({ type: 'leave', room: conversation.room });
  } else {
    receiveLeft(conversation);
  }
}

// On a phone the list is folded away until it is asked for.
function unfold(open) {
  ui.rooms.classList.toggle('open', open);
  ui.showRooms.setAttribute('aria-expanded', String(open));
}

ui.openRoom.addEventListener('submit', event => {
  event.preventDefault();
  openRoom(ui.room.value.trim());
});
ui.room.addEventListener('input', () => {
  showRoomProblem(null);
  listSoon();
});
ui.roomList.addEventListener('click', event => {
  const button = event.target.closest('button');
  if (button) openRoom(button.dataset.room);
});
ui.showRooms.addEventListener('click', () => {
  unfold(!ui.rooms.classList.contains('open'));
  if (ui.rooms.classList.contains('open')) findRooms();
});
setInterval(() => {
  if (chat.state === 'online' && chat.hasRooms !== false && !document.hidden) findRooms();
}, REFRESH_INTERVAL);
