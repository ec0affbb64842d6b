// What is being written, and to whom: in each conversation its own draft.

import { lobby, show, shown, whenShown } from './conversations.js';
import { element, ui } from './elements.js';
import { isolatedText, setText, translate, whenLanguageChanges } from './language.js';
import { personButton } from './people.js';
import { discard, outbox, post } from './sending.js';
import { chat } from './state.js';

const MAX_FRAME_BYTES = 64 * 1024;   // the server's default; a longer frame ends the connection

// In code points: the server's default, until it names its own or takes a longer text.
const textLimit = { value: 4_000, told: false };

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
  if (chat.state === 'offline' || chat.state === 'closed') return showHint('send.offline');
  const length = [...text].length;
  if (textLimit.told && length > textLimit.value) {
    return showHint('send.characters', { length, max: textLimit.value });
  }
  const { target, room, revises } = shown;
  // With what belongs to it besides: its type, its id.
  const frame = { message: text, room, target, id: ' '.repeat(64) };
  const bytes = new TextEncoder().encode(JSON.stringify(frame)).length;
  if (bytes > MAX_FRAME_BYTES) return showHint('send.long', { bytes, max: MAX_FRAME_BYTES });
  if (revises) discard(revises);
  shown.revises = null;
  if (!post({ text, target, room })) return showHint('send.full');
  setComposerText('');
  if (!outbox.isKept) showHint('send.not_kept');
}

export function isEditing(entry) {
  return shown.revises === entry && ui.text.value === entry.text;
}

// What failed goes back into the field, and is sent from there in its stead. null: nothing does.
export function writeAnew(entry, conversation = shown) {
  show(conversation);
  const isFree = ui.text.value.trim() === '' || ui.text.value === (entry ?? shown.revises)?.text;
  if (!isFree) return showHint('failed.busy');
  if (entry) setTarget(entry.target);
  setComposerText(entry?.text ?? '');
  shown.revises = entry;
}

// The same by itself, where nothing else is being written, and to the same.
export function giveBack(entry, conversation) {
  if (conversation !== shown || entry.target !== shown.target || ui.text.value !== '') return false;
  writeAnew(entry);
  return true;
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
  if (ui.text.value === '') shown.revises = null;
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
