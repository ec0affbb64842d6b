// What is being written, and to whom: in each conversation its own draft.

import { lobby, show, shown, whenShown } from './conversations.js';
import { element, ui } from './elements.js';
import { isolatedText, setText, translate, whenLanguageChanges } from './language.js';
import { personButton } from './people.js';
import { expectAnswerTo } from './sent.js';
import { sendFrame } from './socket.js';
import { chat } from './state.js';

const MAX_FRAME_BYTES = 64 * 1024;   // the server's default; a longer frame ends the connection

// In code points: the server's default, until it names its own or takes a longer text.
const textLimit = { value: 4_000, told: false };
let heldUntil = 0;                   // the server wants a pause: nothing is sent before
let holdTimer;

export function setTarget(name) {
  shown.target = name;
  showTarget();
}

// The chip stays when its person leaves: a secret must not turn public by itself.
export function showTarget() {
  const { target, room } = shown;
  const named = { name: target, room };
  if (target === null) {
    ui.targetLine.replaceChildren();
  } else {
    const absent = chat.state === 'online' && !shown.people.has(target);
    const chip = document.getElementById('target') ?? makeTargetChip();
    chip.classList.toggle('absent', absent);
    setText(chip.firstElementChild, absent ? 'target.absent' : 'target', named);
    chip.lastElementChild.setAttribute('aria-label', translate('target.clear'));
  }
  ui.composer.classList.toggle('to-one', target !== null);
  let kind = '';
  if (target !== null) kind = '.private';
  else if (room !== null) kind = '.room';
  const offline = chat.state === 'offline' || chat.state === 'closed';
  setText(ui.textLabel, `text.label${kind}`, named);
  ui.text.placeholder = translate(`text.placeholder${offline ? '.offline' : kind}`, {
    name: isolatedText(target), room: isolatedText(room),
  });
  ui.users.querySelector('[aria-pressed="true"]')?.setAttribute('aria-pressed', 'false');
  personButton(target)?.setAttribute('aria-pressed', 'true');
}

function makeTargetChip() {
  const chip = element('div');
  const clear = element('button', '', '✕');
  chip.id = 'target';
  clear.id = 'clear-target';
  clear.type = 'button';
  clear.addEventListener('click', () => {
    setTarget(null);
    ui.text.focus();
  });
  chip.append(element('span'), clear);
  ui.targetLine.append(chip);
  return chip;
}

// Private messages are in the lobby, wherever the name was found.
export function writeTo(name) {
  if (ui.text.disabled || name === chat.username) return;
  const again = name === shown.target;
  show(lobby);
  setTarget(again ? null : name);
  ui.text.focus();
}

export function showHint(key, values) {
  ui.hint.hidden = !key;
  if (key) setText(ui.hint, key, values);
}

function submitText() {
  const text = ui.text.value.trimEnd();
  if (text === '') return;
  if (chat.state !== 'online') return showHint('send.offline');
  if (Date.now() < heldUntil) return showHold();
  const length = [...text].length;
  if (textLimit.told && length > textLimit.value) {
    return showHint('send.characters', { length, max: textLimit.value });
  }
  const { target, room } = shown;
  const frame = { type: 'message', message: text };
  if (target !== null) frame.target_user = target;
  if (room !== null) frame.room = room;
  const bytes = new TextEncoder().encode(JSON.stringify(frame)).length;
  if (bytes > MAX_FRAME_BYTES) return showHint('send.long', { bytes, max: MAX_FRAME_BYTES });
  sendFrame(frame);
  expectAnswerTo({ text, target, conversation: shown });
  setComposerText('');
}

export function setComposerText(text) {
  ui.text.value = text;
  showHint(null);
  fitComposer();
  countCharacters();
}

function fitComposer() {
  ui.text.style.height = 'auto';
  ui.text.style.height = `${Math.max(46, ui.text.scrollHeight + 3)}px`;
}

// From nine tenths of the limit on.
function countCharacters() {
  const { value: max } = textLimit;
  const { value } = ui.text;
  // A code point is at most two of UTF-16's units, of which length counts.
  const length = value.length > 0.9 * max ? [...value.trimEnd()].length : 0;
  ui.counter.hidden = length <= 0.9 * max;
  if (!ui.counter.hidden) setText(ui.counter, 'counter', { length, max });
  ui.counter.classList.toggle('over', length > max);
}

export function learnTextLimit(value) {
  textLimit.value = value;
  textLimit.told = true;
  countCharacters();
}

// The server took it, so its limit is not below.
export function learnFromAccepted(text) {
  if ([...text].length <= textLimit.value) return;
  textLimit.value = Infinity;
  countCharacters();
}

// The server asks for a pause of so many milliseconds; too short a one could not be read.
export function holdFor(milliseconds) {
  const pause = Math.max(1_000, milliseconds);
  heldUntil = Math.max(heldUntil, Date.now() + pause);
  showHold();
  clearTimeout(holdTimer);
  holdTimer = setTimeout(() => {
    if (ui.hint.dataset.t === 'send.wait') showHint(null);
  }, heldUntil - Date.now());
}

function showHold() {
  showHint('send.wait', { seconds: Math.ceil((heldUntil - Date.now()) / 1_000) });
}

// An input method uses Enter and Escape for itself; 229 is how some browsers say so.
export function isComposing(event) {
  return event.isComposing || event.keyCode === 229;
}

ui.composer.addEventListener('submit', event => {
  event.preventDefault();
  submitText();
  ui.text.focus();
});
ui.text.addEventListener('keydown', event => {
  if (event.key !== 'Enter' || event.shiftKey || isComposing(event)) return;
  event.preventDefault();
  submitText();
});
ui.text.addEventListener('input', () => {
  if (Date.now() >= heldUntil) showHint(null);
  fitComposer();
  countCharacters();
});
document.addEventListener('keydown', event => {
  if (event.key === 'Escape' && shown.target !== null && !isComposing(event)) {
    setTarget(null);
    ui.text.focus();
  }
});
ui.users.addEventListener('change', showTarget);
whenShown((conversation, before) => {
  before.draft = ui.text.value;
  setComposerText(conversation.draft);
  showTarget();
});
whenLanguageChanges(showTarget);
