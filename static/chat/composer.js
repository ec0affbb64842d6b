// What is being written, to whom, and what the server refused or lost.

import { element, ui } from './elements.js';
import { setText, translate, whenLanguageChanges } from './language.js';
import { addMessage, messageBody, timeElement } from './log.js';
import { isOnline, personButton } from './people.js';
import { sendFrame } from './socket.js';
import { chat } from './state.js';

const MAX_FRAME_BYTES = 64 * 1024;   // the server's default; a longer frame ends the connection

function setTarget(name) {
  chat.target = name;
  showTarget();
}

// The chip stays when its person leaves: a secret must not turn public by itself.
export function showTarget() {
  const absent = chat.target !== null && chat.state === 'online' && !isOnline(chat.target);
  if (chat.target === null) {
    ui.targetLine.replaceChildren();
  } else {
    const chip = document.getElementById('target') ?? makeTargetChip();
    chip.classList.toggle('absent', absent);
    const label = translate(absent ? 'target.absent' : 'target', { name: chat.target });
    if (chip.firstElementChild.textContent !== label) chip.firstElementChild.textContent = label;
    chip.lastElementChild.setAttribute('aria-label', translate('target.clear'));
  }
  ui.composer.classList.toggle('to-one', chat.target !== null);
  setText(document.querySelector('label[for="text"]'),
    chat.target === null ? 'text.label' : 'text.label.private', { name: chat.target });
  let placeholder = 'text.placeholder';
  if (chat.state === 'offline' || chat.state === 'closed') placeholder = 'text.placeholder.offline';
  else if (chat.target !== null) placeholder = 'text.placeholder.private';
  ui.text.placeholder = translate(placeholder, { name: chat.target });
  const wasPressed = ui.users.querySelector('[aria-pressed="true"]');
  const pressed = personButton(chat.target);
  wasPressed?.setAttribute('aria-pressed', 'false');
  pressed?.setAttribute('aria-pressed', 'true');
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

export function writeTo(name) {
  if (ui.text.disabled) return;
  setTarget(name === chat.target ? null : name);
  ui.text.focus();
}

function showHint(key, values) {
  ui.hint.hidden = !key;
  if (key) setText(ui.hint, key, values);
}

export function submitText() {
  const text = ui.text.value.trimEnd();
  if (text === '') return;
  if (chat.state !== 'online') return showHint('send.offline');
  const frame = { type: 'message', message: text };
  if (chat.target !== null) frame.target_user = chat.target;
  const bytes = new TextEncoder().encode(JSON.stringify(frame)).length;
  if (bytes > MAX_FRAME_BYTES) return showHint('send.long', { bytes, max: MAX_FRAME_BYTES });
  sendFrame(frame);
  chat.unanswered.push({ text, target: chat.target });
  setComposerText('');
}

function setComposerText(text) {
  ui.text.value = text;
  showHint(null);
  fitComposer();
}

function fitComposer() {
  ui.text.style.height = 'auto';
  ui.text.style.height = `${Math.max(46, ui.text.scrollHeight + 3)}px`;
}

// What did not arrive is shown with its text, and put back where it was written if that
// place is free and still addressed to the same person.
export function giveBack(sent, explanation) {
  const shown = element('div', 'message failed');
  const head = element('div', 'head');
  const edit = setText(element('button'), 'failed.edit');
  edit.type = 'button';
  edit.addEventListener('click', () => {
    ui.text.focus();
    if (ui.text.value.trim() !== '' && ui.text.value !== sent.text) return showHint('failed.busy');
    setTarget(sent.target);
    setComposerText(sent.text);
  });
  head.append(setText(element('span'), ...explanation), timeElement());
  shown.append(head, messageBody(sent.text), edit);
  addMessage(shown, true);
  if (ui.text.value === '' && sent.target === chat.target) setComposerText(sent.text);
}

export function giveBackUnanswered() {
  for (const sent of chat.unanswered.splice(0)) {
    giveBack(sent, sent.target ? ['failed.lost.private', { name: sent.target }] : ['failed.lost']);
  }
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
  showHint(null);
  fitComposer();
});
document.addEventListener('keydown', event => {
  if (event.key === 'Escape' && chat.target !== null && !isComposing(event)) {
    setTarget(null);
    ui.text.focus();
  }
});
ui.users.addEventListener('change', showTarget);
whenLanguageChanges(showTarget);
