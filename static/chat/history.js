// What was said before and meanwhile: it is asked for, and put in its place.

import { conversationIn, conversations, lobby } from './conversations.js';
import { messageOf, showMessage } from './frames.js';
import { awayLine, gapLine, markSource, topOf } from './lines.js';
import { addMessage, fillsPanel, flushMessages, insertMessages, whenTopIsNear } from './log.js';
import { merge, takeNewest } from './merge.js';
import { rememberedInbox, rememberPositions } from './reload.js';
import { sendDue, showAcknowledged, takeEcho } from './sending.js';
import { sendFrame } from './socket.js';
import { chat, isMe } from './state.js';
import { isReturning, timed } from './streams.js';

const PAGE = 50;                 // messages that are looked back for at once
const RETURN_TIMEOUT = 10_000;   // milliseconds; then what has come is shown

// The server says how far its logs go: `logs` are {epoch, seq}, in the order of the streams.
export function beginConversation(conversation, logs) {
  conversation.lookingBack = false;
  const isNew = conversation.streams.map((stream, index) => beginStream(stream, logs[index]));
  if (isReturning(conversation)) {
    clearTimeout(conversation.returnTimer);
    conversation.returnTimer = setTimeout(() => endReturn(conversation), RETURN_TIMEOUT);
  } else {
    endReturn(conversation);
  }
  if (isNew.includes(true)) lookBack(conversation);
}

function beginStream(stream, log) {
  const { position } = stream;
  stream.older = [];
  stream.told = log;
  stream.returning = false;
  if (!log?.epoch) {
    position.epoch = null;
    return false;
  }
  if (position.epoch !== null) {
    stream.returning = position.epoch !== log.epoch || position.seq !== log.seq;
    return false;
  }
  position.begin(log.epoch, log.seq);
  return log.seq > 0;
}

// A message that came by itself.
export function receiveLive(conversation, stream, message) {
  const messages = stream.position.take(message);
  if (stream.position.hasHole && !stream.returning) askSince(conversation, stream);
  show(conversation, stream, messages);
}

function show(conversation, stream, messages) {
  if (isReturning(conversation)) stream.meanwhile.push(...messages);
  else messages.forEach(message => showMessage(conversation, stream, message));
  if (messages.length > 0) rememberPositions();
}

function place({ room }, stream) {
  return { ...(room !== null && { room }), ...(stream.inbox && { inbox: true }) };
}

function ask(conversation, stream, key, frame, answered) {
  if (stream.asks.has(key)) return;
  const whole = { type: 'history', ...place(conversation, stream), ...frame };
  stream.asks.set(key, { frame: whole, answered });
  sendFrame(whole);
}

function askSince(conversation, stream) {
  ask(conversation, stream, 'since', { since: String(stream.position) });
}

// The server wants a pause, and does not say from what: what is not answered is asked once more.
export function askAgainIn(milliseconds) {
  const asked = conversations().flatMap(({ streams }) => streams.flatMap(s => [...s.asks.values()]));
  setTimeout(() => {
    const open = conversations().flatMap(({ streams }) => streams.flatMap(s => [...s.asks.values()]));
    for (const one of open) if (asked.includes(one)) sendFrame(one.frame);
  }, milliseconds);
}

export function receiveHistory(frame) {
  const conversation = conversationIn(frame.room);
  const stream = conversation?.streams[frame.inbox ? 1 : 0];
  if (!stream || !Array.isArray(frame.messages)) return;
  if ('recovered' in frame) return receiveMissed(conversation, stream, frame);
  const key = frame.before ?? 'last';
  const asked = stream.asks.get(key);
  stream.asks.delete(key);
  asked?.answered(frame.epoch === stream.position.epoch ? frame : null);
}

function receiveMissed(conversation, stream, frame) {
  const isAsked = stream.asks.delete('since') || stream.returning;
  if (frame.recovered && !isAsked) return;   // a page that was reloaded looks back instead
  const { show: messages, gap, more } = stream.position.catchUp(frame);
  if (gap) stream.older = [];
  if (gap && isReturning(conversation)) stream.meanwhile.push({ gap });
  else if (gap) showGap(conversation, stream, gap);
  show(conversation, stream, messages);
  if (more) return askSince(conversation, stream);
  if (stream.returning) {
    stream.returning = false;
    if (!isReturning(conversation)) endReturn(conversation);
  }
}

// All of it has come: now it is shown, in one order.
function endReturn(conversation) {
  clearTimeout(conversation.returnTimer);
  const { streams } = conversation;
  const late = streams.filter(({ returning, position }) => returning || position.hasHole);
  const lists = streams.map(stream => {
    stream.returning = false;
    return timed(stream, stream.meanwhile.splice(0));
  });
  const missed = merge(lists);
  const said = missed.filter(({ message }) => !message.gap);
  if (said.some(({ message }) => !isMe(message.username ?? ''))) {
    addMessage(conversation, awayLine(said.length));
  }
  showGaps(conversation, missed.filter(({ message }) => message.gap));
  for (const { stream, message } of said) showMessage(conversation, stream, message);
  for (const stream of late) askSince(conversation, stream);
  sendDue();
}

// If the lobby's log started over, so did the inbox: one line says both.
function showGaps(conversation, gaps) {
  const anew = gaps.some(({ stream, message }) => !stream.inbox && message.gap.reason === 'epoch');
  for (const { stream, message: { gap } } of gaps) {
    if (!(anew && stream.inbox && gap.before <= 1)) showGap(conversation, stream, gap);
  }
}

function showGap(conversation, stream, gap) {
  if (!stream.inbox) showAcknowledged(conversation);
  const kind = stream.inbox ? '.private' : '';
  const look = () => ask(conversation, stream, gap.before, { before: gap.before, limit: PAGE },
    frame => fillGap(conversation, stream, gap, line, frame));
  const line = gapLine(`gap${kind}`, gap.before > gap.after + 1 && gap.before > 1 ? look : null);
  addMessage(conversation, line);
}

function fillGap(conversation, stream, gap, line, frame) {
  const button = line.querySelector('button');
  button.disabled = false;
  if (!frame || !line.isConnected) return;
  const found = frame.messages.filter(({ seq }) => seq > gap.after && seq < gap.before);
  stream.position.reachBack(found[0]?.seq ?? gap.before);
  gap.before = found[0]?.seq ?? gap.before;
  insertMessages(conversation, line.nextElementSibling, elementsOf(conversation, timed(stream, found)));
  const isClosed = gap.after > 0 && gap.before === gap.after + 1;
  if (isClosed) line.remove();
  else button.hidden = gap.before <= 1 || !frame.more;
}

// What a reader sees of messages that are older than those of the view.
function elementsOf(conversation, items) {
  return items.map(({ stream, message }) => {
    if (isMe(message.username ?? '')) takeEcho(conversation, message);
    return markSource(messageOf(stream, message), stream, message.seq);
  });
}

// Before which message of that log the view begins; 1 where there is no log to look back in.
function topSeq(conversation, stream) {
  const { position } = stream;
  const top = topOf(conversation.log, stream);
  if (position.epoch === null || (top && top.epoch !== position.epoch)) return 1;
  return top?.seq ?? position.first;
}

function goesOn({ position, oldest }, before) {
  return before > 1 && !(oldest?.epoch === position.epoch && before <= oldest.seq);
}

export function lookBack(conversation) {
  if (chat.state !== 'online' || conversation.lookingBack) return;
  flushMessages();
  const lacking = [];
  for (const stream of conversation.streams) {
    const top = topSeq(conversation, stream);
    if (stream.older.at(-1)?.seq !== top - 1) stream.older = [];
    const before = stream.older[0]?.seq ?? top;
    if (stream.older.length < PAGE && goesOn(stream, before)) lacking.push([stream, before]);
  }
  conversation.lookingBack = lacking.length > 0;
  let open = lacking.length;
  for (const [stream, before] of lacking) {
    ask(conversation, stream, before, { before, limit: PAGE }, frame => {
      if (frame) keepOlder(stream, before, frame);
      open -= 1;
      if (open === 0) showOlder(conversation);
    });
  }
  if (lacking.length === 0) showOlder(conversation);
}

function keepOlder(stream, before, { epoch, messages, more }) {
  stream.older.unshift(...messages.filter(({ seq }) => seq < before));
  if (!more) stream.oldest = { epoch, seq: messages[0]?.seq ?? before };
}

function showOlder(conversation) {
  conversation.lookingBack = false;
  const { streams } = conversation;
  const lists = streams.map(stream => timed(stream, stream.older));
  const more = streams.map(stream => stream.older.length > 0 && goesOn(stream, stream.older[0].seq));
  const items = takeNewest(lists, more, PAGE);
  if (items.length === 0) return;
  lists.forEach((list, index) => {
    streams[index].older = list.map(({ message }) => message);
  });
  for (const { stream: { position }, message } of [...items].reverse()) {
    if (message.seq === position.first - 1) position.reachBack(message.seq);
  }
  const elements = elementsOf(conversation, items);
  markReturn(items, elements);
  insertMessages(conversation, conversation.log.firstElementChild, elements);
  if (!fillsPanel(conversation)) lookBack(conversation);
}

// A page that was reloaded says where its reader had stopped.
function markReturn(items, elements) {
  const index = items.findIndex(({ stream: { inbox, readTo, position }, message }) =>
    !inbox && readTo?.epoch === position.epoch && message.seq > readTo.seq);
  if (index < 0) return;
  const { stream, message } = items[index];
  const isBoundary = message.seq === stream.readTo.seq + 1;
  if (isBoundary) elements.splice(index, 0, awayLine(stream.position.seq - stream.readTo.seq));
  if (isBoundary) stream.readTo = null;
}

// The connection has ended: nothing that was asked for comes any more.
export function forgetAsks() {
  for (const conversation of conversations()) {
    if (isReturning(conversation)) endReturn(conversation);
    for (const stream of conversation.streams) {
      const asked = [...stream.asks.values()];
      stream.asks.clear();
      asked.forEach(({ answered }) => answered?.(null));
    }
    conversation.lookingBack = false;
  }
}

// ?since=…&inbox=… for a new connection of that user.
export function sinceQuery(user) {
  const [main, inbox] = lobby.streams.map(({ position }) => position);
  const query = new URLSearchParams();
  if (main.epoch !== null) query.set('since', String(main));
  if (inbox.epoch !== null) query.set('inbox', String(inbox));
  else if (rememberedInbox(user)) query.set('inbox', rememberedInbox(user));
  const text = query.toString();
  return text && `?${text}`;
}

// Somebody else connects: an inbox is its user's alone.
export function forgetInbox() {
  const { position } = lobby.streams[1];
  position.epoch = null;
}

// A position means nothing to the server: it is left, and that is a gap.
export function forgetPositions() {
  for (const conversation of conversations()) {
    for (const stream of conversation.streams.filter(({ returning }) => returning)) {
      const { epoch, seq } = stream.told;
      receiveMissed(conversation, stream, { epoch, seq, messages: [], recovered: false });
    }
  }
}

whenTopIsNear(lookBack);
