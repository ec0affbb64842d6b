// What is still to be sent, below the log it will go to: on its way, or failed, with what to do.

import { isEditing, writeAnew } from './composer.js';
import { shown, whenShown } from './conversations.js';
import { element, ui } from './elements.js';
import { setText, whenLanguageChanges } from './language.js';
import { keepAtEnd } from './log.js';
import { messageBody, timeElement } from './messages.js';
import { acknowledged, delays, discard, outbox, placeOf, tryAgain } from './sending.js';
import { chat, isMe } from './state.js';
import { TEXTS } from './texts.js';

const bubbles = new Map();   // id → { bubble, state } as it is shown

export function showOutbox() {
  const entries = [...acknowledged.values(), ...outbox.entries].filter(({ user }) => isMe(user));
  const kept = new Set(entries.map(({ id }) => id));
  for (const [id, { bubble }] of bubbles) {
    if (kept.has(id)) continue;
    bubble.remove();
    bubbles.delete(id);
  }
  for (const entry of entries) showEntry(entry);
  fitWindow();
}

function showEntry(entry) {
  const state = stateOf(entry);
  const known = bubbles.get(entry.id);
  const place = placeOf(entry).outbox;
  const isSame = known?.state === JSON.stringify(state);
  if (isSame && known.bubble.parentElement === place) return;
  const bubble = isSame ? known.bubble : makeBubble(entry, state);
  if (known?.bubble.parentElement === place) known.bubble.replaceWith(bubble);
  else insertInOrder(place, bubble, known?.bubble);
  bubbles.set(entry.id, { bubble, state: JSON.stringify(state) });
}

function insertInOrder(place, bubble, before) {
  before?.remove();
  place.append(bubble);
  place.scrollTop = place.scrollHeight;
}

// [key, values] of a text, or a text that the server wrote.
function stateOf(entry) {
  if (entry.problem) return entry.problem;
  if (acknowledged.has(entry.id)) return ['sent'];
  const code = delays.get(entry.id);
  if (code) return [`sending.${code}` in TEXTS ? `sending.${code}` : 'sending.later'];
  return [chat.state === 'online' ? 'sending' : 'sending.offline'];
}

function makeBubble(entry, state) {
  const failed = Boolean(entry.problem);
  const bubble = element('div', `message ${failed ? 'failed' : 'pending'}`);
  const head = element('div', 'head');
  const said = element('span');
  if (Array.isArray(state)) setText(said, ...state);
  else said.textContent = state;
  said.dir = 'auto';
  head.append(said, timeElement(entry.at));
  bubble.classList.toggle('private', entry.target !== null);
  if (entry.target !== null) {
    head.append(setText(element('span', 'mark'), 'private.to', { name: entry.target }));
  }
  bubble.append(head, messageBody(entry.text));
  if (failed) bubble.append(buttons(entry));
  if (failed) bubble.setAttribute('role', 'alert');
  return bubble;
}

function buttons(entry) {
  const row = element('div', 'actions');
  for (const [key, act] of [
    ['failed.again', () => again(entry)],
    ['failed.edit', () => writeAnew(entry, placeOf(entry))],
    ['failed.discard', () => discard(entry)],
  ]) {
    const button = setText(element('button'), key);
    button.type = 'button';
    button.addEventListener('click', () => {
      act();
      ui.text.focus();
    });
    row.append(button);
  }
  return row;
}

function again(entry) {
  if (isEditing(entry)) writeAnew(null);
  tryAgain(entry);
}

// The log gives the room that this takes, and a reader at its end stays there.
function fitWindow() {
  const { offsetHeight } = shown.outbox;
  ui.newer.style.insetBlockEnd = `${offsetHeight + 12}px`;
  keepAtEnd();
}

whenShown(fitWindow);
whenLanguageChanges(() => {
  for (const { bubble } of bubbles.values()) bubble.remove();
  bubbles.clear();
  showOutbox();
});
