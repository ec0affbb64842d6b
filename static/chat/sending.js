// Sends what is in the outbox, in order, and again until the server has it.

import { learnFromAccepted } from './composer.js';
import { conversationIn, lobby, openConversation } from './conversations.js';
import { messageOf, showMine } from './frames.js';
import { addMessage } from './log.js';
import { fate, newId, Outbox, parseEntries } from './outbox.js';
import { showOutbox } from './outbox_view.js';
import { rejoin } from './rooms.js';
import { sendFrame } from './socket.js';
import { chat, isMe } from './state.js';
import { isReturning } from './streams.js';
import { Tab } from './tabs.js';

const ANSWER_TIMEOUT = 20_000;     // milliseconds, as all times here
const FIRST_PAUSE = 1_000;         // where the server does not say how long to wait
const LONGEST_PAUSE = 30_000;
const MOST_LATELY = 20;

const tab = ownTab();
export const outbox = new Outbox({ write: text => tab?.write(text) });
export const acknowledged = new Map();   // id → entry, until it is shown in its place
export const delays = new Map();         // id → why the server has not taken it yet
let refusals = 0;                        // in a row
let pauseTimer;
// Private messages that a server without a log has perhaps taken: {entry, message}.
const lately = [];

function ownTab() {
  try {
    return new Tab({ id: newId(), storage: localStorage, locks: navigator.locks });
  } catch {
    return null;    // a browser that forbids storage: then it is kept while the page is
  }
}

// False where there is no room for more.
export function post({ text, target, room }) {
  if (!outbox.hasRoomFor(text)) return false;
  outbox.add({ id: newId(), user: chat.username, text, target, room });
  sendDue();
  return true;
}

export function placeOf(entry) {
  return conversationIn(entry.room) ?? lobby;
}

function isReady(entry) {
  const conversation = conversationIn(entry.room);
  return Boolean(conversation?.joined) && isMe(entry.user) && !isReturning(conversation);
}

export function sendDue() {
  if (tab?.wasRobbed) outbox.entries = [];
  while (chat.state === 'online') {
    const due = outbox.due(isReady);
    due.forEach(send);
    // Those that were not sent leave room for what is behind them.
    if (due.every(entry => outbox.isFlying(entry))) break;
  }
  clearTimeout(pauseTimer);
  if (outbox.pause > 0) pauseTimer = setTimeout(sendDue, outbox.pause);
  showOutbox();
}

function send(entry) {
  const { position } = placeOf(entry).streams[0];
  const unsure = chat.keepsLog ? fate(entry, position) === 'ask' : entry.tried;
  if (unsure) return outbox.fail(entry, lost(entry));
  const { epoch, seq } = position;
  outbox.takeOff(entry, chat.keepsLog ? { epoch, seq } : null);
  const { id, text, room, target } = entry;
  sendFrame({
    type: 'message', id, message: text,
    ...(target !== null && { target_user: target }), ...(room !== null && { room }),
  });
  if (chat.keepsLog) setTimeout(() => sendAgain(entry), ANSWER_TIMEOUT);
  else if (target !== null) countAsSent(entry);
}

// An answer may be lost without the connection, too.
function sendAgain(entry) {
  if (!outbox.land(entry)) return;
  sendDue();
}

// A server without a log says nothing of a private message.
function countAsSent(entry) {
  outbox.remove(entry);
  lately.push({ entry, message: showMine(entry, new Date().toISOString()) });
  if (lately.length > MOST_LATELY) lately.shift();
}

function lost({ target }) {
  return target === null ? ['failed.lost'] : ['failed.lost.private', { name: target }];
}

function settle(entry) {
  refusals = 0;
  outbox.remove(entry);
  delays.delete(entry.id);
  learnFromAccepted(entry.text);
}

export function receiveAck({ id, seq, epoch }) {
  const entry = outbox.find(id);
  if (!entry) return;
  settle(entry);
  const conversation = placeOf(entry);
  const { position } = conversation.streams[0];
  const isShown = position.epoch === epoch && seq <= position.seq && !isReturning(conversation);
  if (!isShown) acknowledged.set(id, entry);
  sendDue();
}

// The message is shown in its place: it is in no outbox any more. Gives back whether it was.
export function takeEcho(conversation, { id, message: text }) {
  if (acknowledged.delete(id)) {
    showOutbox();
    return true;
  }
  const entry = chat.keepsLog ? outbox.find(id) : outbox.entries.find(sent =>
    outbox.isFlying(sent) && placeOf(sent) === conversation && sent.text === text);
  if (!entry) return false;
  settle(entry);
  sendDue();
  return true;
}

export function receiveConfirmation({ id, target_user: target, timestamp }) {
  const known = lately.findIndex(({ entry }) => entry.target === target);
  if (!chat.keepsLog && known >= 0) return Boolean(lately.splice(known, 1));
  const entry = outbox.find(id);
  if (!entry) return id !== undefined;   // a repeat of what is known
  settle(entry);
  showMine(entry, timestamp);
  sendDue();
  return true;
}

// What was acknowledged, and is on the other side of a gap: it would never be shown.
export function showAcknowledged(conversation) {
  for (const [id, entry] of acknowledged) {
    if (placeOf(entry) !== conversation) continue;
    acknowledged.delete(id);
    const timestamp = new Date(entry.at).toISOString();
    const data = { username: chat.username, message: entry.text, timestamp };
    addMessage(conversation, messageOf(conversation.streams[0], data));
  }
}

// The entry that an error is about. A server without ids answers in order.
export function refused({ id, code, room }) {
  if (id !== undefined) return outbox.find(id);
  if (code === 'user_offline' && lately.length > 0) {
    const { entry, message } = lately.shift();
    message.remove();
    return outbox.add(entry);
  }
  return outbox.entries.find(entry => outbox.isFlying(entry)
    && (code !== 'not_in_room' || entry.room === room)
    && (code !== 'user_offline' || entry.target !== null));
}

export function failEntry(entry, problem) {
  delays.delete(entry.id);
  outbox.fail(entry, problem);
  sendDue();
}

export function sendLater(entry, code, milliseconds) {
  refusals += 1;
  const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (refusals - 1));
  delays.set(entry.id, code);
  outbox.tryLater(entry, milliseconds || pause);
  sendDue();
}

export function discard(entry) {
  delays.delete(entry.id);
  outbox.remove(entry);
  sendDue();
}

export function tryAgain(entry) {
  outbox.tryAgain(entry);
  if (chat.state === 'online') openRoomsToSendTo();
  sendDue();
}

// The connection has ended. Those of which a server without a log may have taken some:
export function connectionLost() {
  const unsure = chat.keepsLog ? [] : outbox.entries.filter(entry => outbox.isFlying(entry));
  outbox.entries.forEach(entry => outbox.land(entry));
  for (const entry of unsure) outbox.fail(entry, lost(entry));
  lately.length = 0;
  showOutbox();
  return unsure;
}

// Before a room is left for good: what is still to be said there is not said.
export function giveUpRoom(room) {
  for (const entry of outbox.entries.filter(waiting => waiting.room === room && isMe(waiting.user))) {
    outbox.fail(entry, ['failed.not_in_room', { name: room }]);
  }
  showOutbox();
}

export function renameRoom(before, room) {
  for (const entry of outbox.entries) if (entry.room === before) entry.room = room;
  outbox.save();
}

// What is to be sent to a room goes there, once this page is in it.
function openRoomsToSendTo() {
  if (!chat.keepsLog && !chat.hasRooms) return;
  for (const { room, problem, user } of outbox.entries) {
    if (room !== null && !problem && isMe(user) && !conversationIn(room)) {
      rejoin(openConversation(room));
    }
  }
}

// Takes over what tabs that are no more had to send for this user.
export async function takeOver() {
  try {
    await tab.adopt(parseEntries, entry => isMe(entry.user), entries => outbox.adopt(entries));
    tab.watch(takeOver);
  } catch {
    // Storage throws where the browser forbids it; then no tab left anything.
  }
  if (chat.state === 'online') openRoomsToSendTo();
  sendDue();
}

export async function startSending() {
  if (!tab) return;
  await tab.live();
  if (tab.saysEvery) {
    setInterval(() => tab.sayAlive(), tab.saysEvery);
    window.addEventListener('pagehide', () => tab.leave());
    window.addEventListener('pageshow', () => tab.sayAlive());
  }
  window.addEventListener('storage', () => tab.watch(takeOver));
  if (chat.username !== '') takeOver();
}
