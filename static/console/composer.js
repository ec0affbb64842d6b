// Composes a frame: by a form that is made of its schema, or by hand as JSON. Each follows the other.

import { chosenEndpoint, isOpen, send } from './connection.js';
import { fieldsOf, messagesFromClient, typesOf } from './document.js';
import { element, sentence, ui } from './elements.js';
import { setText, translate, whenLanguageChanges } from './language.js';
import { problemsOf } from './validate.js';

const ANY = { name: '', summary: '', format: 'text', payload: { type: 'string' } };
const LONGEST_LINE = 60;   // characters; longer frames are shown over several lines

let messages = [ANY];
let controls = new Map();   // field → its input
let onSent;                 // (data, text)

export function startComposer(sent) {
  onSent = sent;
  ui.kind.addEventListener('change', () => showMessage(true));
  ui.fields.addEventListener('input', () => {
    ui.raw.value = written(valueOfForm());
    check();
  });
  ui.raw.addEventListener('input', () => {
    if (chosen().format === 'json') followText();
    check();
  });
  ui.composer.addEventListener('submit', event => {
    event.preventDefault();
    submit();
  });
  ui.composer.addEventListener('keydown', event => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) submit();
  });
  whenLanguageChanges(() => check());
}

// For another endpoint.
export function offerMessages() {
  messages = messagesFromClient(chosenEndpoint());
  if (messages.length === 0) messages = [ANY];
  ui.kind.replaceChildren(...messages.map(({ name }) => {
    const option = element('option', '', name || translate('kind.plain'));
    option.value = name;
    return option;
  }));
  showMessage(true);
}

function chosen() {
  return messages.find(({ name }) => name === ui.kind.value) ?? messages[0];
}

function showMessage(anew) {
  const message = chosen();
  ui.about.replaceChildren(...sentence('p', '', message.summary).childNodes);
  setText(ui.rawLabel, `raw.${message.format}`);
  controls = new Map();
  const fields = message.format === 'json' ? fieldsOf(message) : [];
  ui.fields.replaceChildren(...fields.map(([name, schema]) => field(name, schema, message)));
  if (anew) ui.raw.value = message.format === 'json' ? written(valueOfForm()) : '';
  check();
}

function field(name, schema, message) {
  const isRequired = message.payload.required?.includes(name);
  const type = [schema.type].flat()[0];
  const label = element('label', type === 'boolean' ? 'field check' : 'field');
  const title = element('span', '', name);
  if (isRequired) title.append(' ', setText(element('em'), 'required'));
  const input = element('input');
  input.name = name;
  input.type = type === 'boolean' ? 'checkbox' : 'text';
  if (type === 'integer') input.inputMode = 'numeric';
  input.spellcheck = false;
  input.autocapitalize = 'off';
  input.dir = 'auto';
  controls.set(name, { input, type });
  label.append(title, input, sentence('small', 'note', schema.description));
  return label;
}

// An empty field is left out.
function valueOfForm() {
  const [type] = typesOf(chosen());
  const value = type === undefined ? {} : { type };
  for (const [name, { input, type: wanted }] of controls) {
    if (wanted === 'boolean') {
      if (input.checked) value[name] = true;
    } else if (input.value !== '') {
      value[name] = wanted === 'integer' ? numberIn(input.value) : input.value;
    }
  }
  return value;
}

// Something else stays a text, of which the check then says that it's no number.
function numberIn(text) {
  return /^\s*-?\d+(\.\d+)?\s*$/.test(text) ? Number(text) : text;
}

function written(value) {
  const line = JSON.stringify(value);
  return line.length > LONGEST_LINE ? JSON.stringify(value, null, 2) : line;
}

// The form shows what was written by hand, as far as it can.
function followText() {
  const { value } = parsed(ui.raw.value);
  if (!value) return;
  const named = messages.find(message => typesOf(message).includes(value.type ?? undefined));
  if (named && named !== chosen()) {
    ui.kind.value = named.name;
    showMessage(false);
  }
  for (const [name, { input, type }] of controls) {
    if (type === 'boolean') input.checked = value[name] === true;
    else input.value = ['string', 'number'].includes(typeof value[name]) ? value[name] : '';
  }
}

function parsed(text) {
  try {
    const value = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? { value } : { problem: { key: 'problem.object' } };
  } catch (error) {
    return { problem: { key: 'problem.json', why: error.message } };
  }
}

function problems() {
  const { format, payload } = chosen();
  const text = ui.raw.value;
  if (format === 'bytes') return bytesIn(text) ? [] : [{ key: 'problem.hex' }];
  if (format === 'text') return problemsOf(payload, text);
  const { value, problem } = parsed(text);
  if (problem) return [problem];
  if (!messages.some(message => typesOf(message).includes(value.type ?? undefined))) {
    return [{ key: 'problem.unknown', type: JSON.stringify(value.type) }];
  }
  return problemsOf(payload, value);
}

function bytesIn(text) {
  const digits = text.replace(/\s+/g, '');
  if (!/^([0-9a-f]{2})*$/i.test(digits)) return null;
  return Uint8Array.from(digits.match(/../g) ?? [], pair => parseInt(pair, 16));
}

export function check() {
  const found = problems();
  ui.problems.replaceChildren(...found.map(problem => element('li', '', described(problem))));
  for (const [name, { input }] of controls) {
    input.setAttribute('aria-invalid', String(found.some(problem => problem.field === name)));
  }
  setText(ui.send, found.length ? 'send.anyway' : 'send');
  ui.send.classList.toggle('doubtful', found.length > 0);
  ui.send.disabled = !isOpen() || data() === null;
  setText(ui.size, 'size', { bytes: sizeOf(data() ?? '') });
}

function described({ key, ...values }) {
  if (key === 'problem.type') values.type = translate(`type.${values.value}`);
  return translate(key, values);
}

// What goes over the wire. Pretty JSON is sent in one line.
function data() {
  const { format } = chosen();
  if (format === 'bytes') return bytesIn(ui.raw.value);
  const { value } = format === 'json' ? parsed(ui.raw.value) : {};
  return value ? JSON.stringify(value) : ui.raw.value;
}

export function sizeOf(sent) {
  return typeof sent === 'string' ? new TextEncoder().encode(sent).length : sent.byteLength;
}

function submit() {
  const sent = data();
  if (ui.send.disabled || sent === null) return;
  sendAgain(sent);
}

export function sendAgain(sent) {
  if (!isOpen()) return;
  send(sent);
  onSent(sent);
}
