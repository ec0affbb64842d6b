// What the server says, and what the page does with it.

import { giveBack } from './composer.js';
import { cameOnline } from './connection.js';
import { element } from './elements.js';
import { setText } from './language.js';
import { addMessage, countUnread, messageBody, messageHead, showSystem } from './log.js';
import { addPerson, removePerson } from './people.js';
import { sendFrame } from './socket.js';
import { chat } from './state.js';
import { TEXTS } from './texts.js';

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
      showPrivate(data.from, data.message, data.timestamp);
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
    default:
      console.warn('A frame this page does not know:', text);
  }
}
// [/switch]

function parseFrame(text) {
  try { return JSON.parse(text); } catch { return null; }
}

function receiveSystem(data) {
  switch (data.event) {
    case 'welcome':
      cameOnline(data);
      break;
    case 'join':
      if (data.username) addPerson(data.username);
      break;
    case 'leave':
      if (data.username) removePerson(data.username);
      break;
  }
  const key = `event.${data.event}${data.username ? '.named' : ''}`;
  showSystem(key in TEXTS ? [key, { name: data.username }] : data.message);
}

// [mine]
function receiveMessage(data) {
  const mine = data.username === chat.username;
  // The server answers in order, so what was sent before this one has been refused.
  const index = chat.unanswered.findIndex(sent => mine && !sent.target && sent.text === data.message);
  if (index >= 0) chat.unanswered.splice(0, index + 1);
  const shown = element('div', `message ${mine ? 'user' : 'other'}`);
  shown.append(messageHead(data.username, data.timestamp, mine), messageBody(data.message));
  addMessage(shown, index >= 0);
  if (!mine) countUnread();
}
// [/mine]

function showPrivate(from, text, timestamp) {
  const shown = element('div', 'message other private');
  const head = messageHead(from, timestamp, false);
  head.append(setText(element('span', 'mark'), 'private.from'));
  shown.append(head, messageBody(text));
  addMessage(shown);
  countUnread();
}

function receiveConfirmation(data) {
  const index = chat.unanswered.findIndex(sent => sent.target === data.target_user);
  if (index < 0) return showSystem(['confirmation', { name: data.target_user }]);
  const [sent] = chat.unanswered.splice(0, index + 1).slice(-1);
  const shown = element('div', 'message user private');
  const head = messageHead(chat.username, data.timestamp, true);
  head.append(setText(element('span', 'mark'), 'private.to', { name: sent.target }));
  shown.append(head, messageBody(sent.text));
  addMessage(shown, true);
}

function receiveError(data) {
  if (data.code === 'user_offline') {
    const index = chat.unanswered.findIndex(sent => sent.target);
    if (index >= 0) {
      const [sent] = chat.unanswered.splice(0, index + 1).slice(-1);
      return giveBack(sent, ['failed.offline', { name: sent.target }]);
    }
  }
  const key = `error.${data.code}`;
  showSystem(key in TEXTS ? [key] : data.message, 'error');
}
