// What the server says, and what the page does with it.

import { cameOnline, goOn } from './connection.js';
import { conversationIn, lobby, openConversation, shown } from './conversations.js';
import { element } from './elements.js';
import { receiveHistory, receiveLive } from './history.js';
import { setText } from './language.js';
import { markSource } from './lines.js';
import { addMessage, countMessage, showSystem } from './log.js';
import { messageBody, messageHead, tick } from './messages.js';
import { addPerson, removePerson, setPeople } from './people.js';
import { receivePresence } from './presence.js';
import { receiveError } from './refused.js';
import { countMembers, receiveJoined, receiveLeft } from './rooms.js';
import { receiveAck, receiveConfirmation, takeEcho } from './sending.js';
import { sendFrame } from './socket.js';
import { chat, isMe } from './state.js';
import { TEXTS } from './texts.js';
import { keepOfferedToken } from './token.js';
import { receiveTyping, stopTyping } from './typing.js';

// [switch]
export function receive(text) {
  const data = parseFrame(text);
  switch (data?.type) {
    case 'system':
      receiveSystem(data);
      break;
    case 'message':
      receiveMessage(data);
      break;
    case 'private':
      receiveLive(lobby, lobby.streams[1], data);
      break;
    case 'ack':
      receiveAck(data);
      break;
    case 'confirmation':
      if (!receiveConfirmation(data)) showSystem(lobby, ['confirmation', { name: data.target_user }]);
      break;
    case 'history':
      receiveHistory(data);
      break;
    case 'ping':
      sendFrame({ type: 'pong' });
      break;
    case 'heartbeat_ack':
      break;
    case 'error':
      receiveError(data);
      break;
    case 'joined':
      receiveJoined(data);
      break;
    case 'left':
      receiveLeft(data);
      break;
    case 'users':
      receiveUsers(data);
      break;
    case 'typing':
      receiveTyping(data);
      break;
    case 'refreshed':
      keepOfferedToken();
      showSystem(shown, ['refreshed', { minutes: Math.round(data.expires_in / 60) }]);
      break;
    default:
      console.warn('A frame this page does not know:', text);
  }
}
// [/switch]

function parseFrame(text) {
  try { return JSON.parse(text); } catch { return null; }
}

function receiveSystem(data) {
  if (data.event === 'welcome') cameOnline(data);
  const conversation = conversationIn(data.room) ?? openConversation(data.room);
  const { username } = data;
  if (data.event === 'join' && username) addPerson(conversation, username);
  if (data.event === 'leave' && username) {
    removePerson(conversation, username);
    stopTyping(conversation, username);
  }
  if (conversation !== lobby) countMembers(data.room, data.member_count);
  if (data.event === 'presence') return receivePresence(conversation, data);
  const place = conversation === lobby ? '' : '.room';
  const key = `event.${data.event}${place}${username ? '.named' : ''}`;
  showSystem(conversation, key in TEXTS ? [key, { name: username }] : data.message);
  if (data.event === 'welcome') goOn(data);
}

// [mine]
export function showMessage(conversation, stream, data) {
  const mine = !stream.inbox && isMe(data.username);
  const sent = mine && takeEcho(conversation, data);
  addMessage(conversation, messageOf(stream, data), sent);
  if (!mine) countMessage(conversation);
}
// [/mine]

// A message of a room or the lobby, or of the inbox, where all are others'.
export function messageOf(stream, data) {
  const author = stream.inbox ? data.from : data.username;
  const mine = !stream.inbox && isMe(author);
  const message = element('div', `message ${mine ? 'user' : 'other'}`);
  const head = messageHead(author, data.timestamp, mine);
  message.classList.toggle('private', stream.inbox);
  if (stream.inbox) head.append(setText(element('span', 'mark'), 'private.from'));
  if (mine && chat.keepsLog) head.append(tick());
  message.append(head, messageBody(data.message));
  return markSource(message, stream, data.seq);
}

function receiveMessage(data) {
  const conversation = conversationIn(data.room) ?? openConversation(data.room);
  stopTyping(conversation, data.username);
  receiveLive(conversation, conversation.streams[0], data);
}

// The server sends no private message back to its sender: what was sent is shown here.
export function showMine({ text, target }, timestamp) {
  const message = element('div', 'message user private');
  const head = messageHead(chat.username, timestamp, true);
  head.append(setText(element('span', 'mark'), 'private.to', { name: target }));
  if (chat.keepsLog) head.append(tick());
  message.append(head, messageBody(text));
  addMessage(lobby, message, true);
  return message;
}

function receiveUsers(data) {
  const conversation = conversationIn(data.room);
  const count = data.member_count ?? data.connected_count;
  if (conversation) setPeople(conversation, data.users ?? [], count);
}
