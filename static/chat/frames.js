// What the server says, and what the page does with it.

import { learnFromAccepted } from './composer.js';
import { cameOnline } from './connection.js';
import { conversationIn, lobby, openConversation, shown } from './conversations.js';
import { element } from './elements.js';
import { setText } from './language.js';
import { addMessage, countMessage, showSystem } from './log.js';
import { messageBody, messageHead } from './messages.js';
import { addPerson, removePerson, setPeople } from './people.js';
import { receiveError } from './refused.js';
import { countMembers, receiveJoined, receiveLeft } from './rooms.js';
import { takeAnswered } from './sent.js';
import { sendFrame } from './socket.js';
import { chat } from './state.js';
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
      receivePrivate(data);
      break;
    case 'confirmation':
      receiveConfirmation(data);
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
  const place = conversation === lobby ? '' : '.room';
  const key = `event.${data.event}${place}${username ? '.named' : ''}`;
  showSystem(conversation, key in TEXTS ? [key, { name: username }] : data.message);
}

// [mine]
function receiveMessage(data) {
  const conversation = conversationIn(data.room) ?? openConversation(data.room);
  const mine = data.username === chat.username;
  const sent = mine && takeAnswered(({ text, target, conversation: place }) =>
    place === conversation && target === null && text === data.message);
  const message = element('div', `message ${mine ? 'user' : 'other'}`);
  message.append(messageHead(data.username, data.timestamp, mine), messageBody(data.message));
  addMessage(conversation, message, Boolean(sent));
  if (sent) learnFromAccepted(data.message);
  stopTyping(conversation, data.username);
  if (!mine) countMessage(conversation);
}
// [/mine]

function receivePrivate({ from, message: text, timestamp }) {
  const message = element('div', 'message other private');
  const head = messageHead(from, timestamp, false);
  head.append(setText(element('span', 'mark'), 'private.from'));
  message.append(head, messageBody(text));
  addMessage(lobby, message);
  countMessage(lobby);
}

// The server sends no private message back to its sender: what was sent is shown here.
function receiveConfirmation(data) {
  const sent = takeAnswered(({ target }) => target === data.target_user);
  if (!sent) return showSystem(lobby, ['confirmation', { name: data.target_user }]);
  const message = element('div', 'message user private');
  const head = messageHead(chat.username, data.timestamp, true);
  head.append(setText(element('span', 'mark'), 'private.to', { name: sent.target }));
  message.append(head, messageBody(sent.text));
  addMessage(lobby, message, true);
}

function receiveUsers(data) {
  const conversation = conversationIn(data.room);
  const count = data.member_count ?? data.connected_count;
  if (conversation) setPeople(conversation, data.users ?? [], count);
}
