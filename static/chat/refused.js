// What the server refused: it is said where it belongs, and no text is lost.

import { giveBack, learnTextLimit, showHint } from './composer.js';
import { conversationIn, lobby, shown } from './conversations.js';
import { askAgainIn, forgetPositions } from './history.js';
import { showSystem } from './log.js';
import { joinRefused, rejoin } from './rooms.js';
import { connectionLost, failEntry, placeOf, refused, sendLater } from './sending.js';
import { takeAnswered } from './sent.js';
import { chat } from './state.js';
import { TEXTS } from './texts.js';

// What is wrong stays with what it is about: the message, the room, the field for a room's name.
export function receiveError(data) {
  switch (data.code) {
    case 'invalid_room':
    case 'too_many_rooms': return joinRefused(takeAnswered(), data);
    case 'token_expired':
      chat.tokenExpired = true;
      return showError(shown, data);
    case 'invalid_since': return forgetPositions();
    case 'rate_limited':
    case 'unavailable':
    case 'user_offline':
    case 'not_in_room':
    case 'text_too_long': return refuse(data, refused(data));
    default: return data.id === undefined
      ? showError(conversationIn(data.room) ?? shown, data) : refuse(data, refused(data));
  }
}

function showError(conversation, data, values = {}) {
  const key = `error.${data.code}`;
  showSystem(conversation, key in TEXTS ? [key, values] : data.message, 'error');
}

function refuse(data, entry) {
  const { code, retry = code === 'rate_limited' } = data;
  if (!entry) return refuseOther(data);
  // The person who takes that name later may be somebody else.
  if (retry && code !== 'user_offline') sendLater(entry, code, Number(data.retry_after_ms));
  else fail(entry, data);
  if (code === 'not_in_room') joinAgain(data);
}

function fail(entry, data) {
  const max = Number(data.limit) || 0;
  if (data.code === 'text_too_long' && max) learnTextLimit(max);
  const problem = problemWith(entry, data, max);
  failEntry(entry, problem);
  if (giveBack(entry, placeOf(entry)) && data.code === 'text_too_long') showHint(...problem);
}

function problemWith({ text, target, room }, { code, message }, max) {
  switch (code) {
    case 'user_offline': return ['failed.offline', { name: target }];
    case 'not_in_room': return ['failed.not_in_room', { name: room }];
    case 'text_too_long': return ['send.characters', { length: [...text].length, max }];
    default: return `error.${code}` in TEXTS ? [`error.${code}`] : String(message);
  }
}

// It is about no message, so about a join, or about what was asked.
function refuseOther(data) {
  const milliseconds = Number(data.retry_after_ms) || 1_000;
  const place = conversationIn(data.room);
  switch (data.code) {
    case 'rate_limited': {
      const join = takeAnswered();
      askAgainIn(milliseconds);
      if (join) joinRefused(join, data, milliseconds);
      return;
    }
    case 'not_in_room':
      if (!place || place === lobby) return showError(shown, data, { name: data.room });
      if (place.joined) showError(place, data, { name: data.room });
      return joinAgain(data);
    case 'text_too_long': return showError(shown, data, { max: data.limit });
    case 'user_offline': return showError(lobby, data);
    default: return showError(place ?? shown, data);
  }
}

// The server lost track of one, or this page did: it joins again, once.
function joinAgain({ room }) {
  const conversation = conversationIn(room);
  if (conversation?.joined && conversation !== lobby) rejoin(conversation);
}

// The connection has ended. What may be lost is given back, for its writer to decide.
export function giveBackUnsure() {
  for (const entry of connectionLost()) giveBack(entry, placeOf(entry));
}
