// What the server refused or never answered: shown with its text, which goes back into the field.

import { learnTextLimit, holdFor, setComposerText, setTarget, showHint } from './composer.js';
import { conversationIn, lobby, show, shown } from './conversations.js';
import { element, ui } from './elements.js';
import { setText } from './language.js';
import { addMessage, showSystem } from './log.js';
import { messageBody, timeElement } from './messages.js';
import { joinRefused, rejoin } from './rooms.js';
import { takeAnswered, takeUnanswered } from './sent.js';
import { chat } from './state.js';
import { TEXTS } from './texts.js';

const isMessage = sent => sent.text !== undefined;
const isJoin = sent => sent.join !== undefined;

// What is wrong stays with what it is about: the message, the room, the field for a room's name.
export function receiveError(data) {
  switch (data.code) {
    case 'user_offline': {
      const sent = takeAnswered(({ target }) => Boolean(target));
      if (sent) return giveBack(sent, ['failed.offline', { name: sent.target }]);
      return showError(lobby, data);
    }
    case 'not_in_room': return notInRoom(data);
    case 'invalid_room':
    case 'too_many_rooms': return joinRefused(takeAnswered(isJoin), data);
    case 'rate_limited': return rateLimited(data);
    case 'text_too_long': return textTooLong(data);
    case 'token_expired':
      chat.tokenExpired = true;
      return showError(shown, data);
    default: return showError(conversationIn(data.room) ?? shown, data);
  }
}

function showError(conversation, data, values = {}) {
  const key = `error.${data.code}`;
  showSystem(conversation, key in TEXTS ? [key, values] : data.message, 'error');
}

// The server lost track of one, or this page did: it joins again, once.
function notInRoom(data) {
  const conversation = conversationIn(data.room);
  if (!conversation || conversation === lobby) return showError(shown, data, { name: data.room });
  const sent = takeAnswered(waiting => isMessage(waiting) && waiting.conversation === conversation);
  if (sent) giveBack(sent, ['failed.not_in_room', { name: data.room }]);
  else if (conversation.joined) showError(conversation, data, { name: data.room });
  if (conversation.joined) rejoin(conversation);
}

function rateLimited(data) {
  const milliseconds = Number(data.retry_after_ms) || 1_000;
  const seconds = Math.ceil(milliseconds / 1_000);
  const sent = takeAnswered(() => true);
  if (sent && isJoin(sent)) return joinRefused(sent, data, milliseconds);
  if (sent) giveBack(sent, ['failed.rate', { seconds }], () => holdFor(milliseconds));
  holdFor(milliseconds);
}

function textTooLong(data) {
  const max = Number(data.limit) || 0;
  const sent = takeAnswered(waiting => isMessage(waiting) && [...waiting.text].length > max);
  if (max) learnTextLimit(max);
  if (!sent) return showError(shown, data, { max });
  const values = { length: [...sent.text].length, max };
  giveBack(sent, ['send.characters', values], () => showHint('send.characters', values));
}

// Back into the field, if that is free and still addressed to the same; `explain` then says why
// beside it. Else, and where nothing else explains, it is shown in the log with its text.
function giveBack(sent, explanation, explain) {
  const free = sent.conversation === shown && sent.target === shown.target && ui.text.value === '';
  if (!free || !explain) addMessage(sent.conversation, failedMessage(sent, explanation), true);
  if (!free) return;
  setComposerText(sent.text);
  explain?.();
}

function failedMessage(sent, explanation) {
  const message = element('div', 'message failed');
  const head = element('div', 'head');
  const edit = setText(element('button'), 'failed.edit');
  edit.type = 'button';
  edit.addEventListener('click', () => {
    show(sent.conversation);
    ui.text.focus();
    if (ui.text.value.trim() !== '' && ui.text.value !== sent.text) return showHint('failed.busy');
    setTarget(sent.target);
    setComposerText(sent.text);
  });
  head.append(setText(element('span'), ...explanation), timeElement());
  message.append(head, messageBody(sent.text), edit);
  return message;
}

export function giveBackUnanswered() {
  for (const sent of takeUnanswered().filter(isMessage)) {
    giveBack(sent, sent.target ? ['failed.lost.private', { name: sent.target }] : ['failed.lost']);
  }
}
