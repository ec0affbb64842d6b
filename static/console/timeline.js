// Every frame in both directions, the newest last. Only the newest rows are kept.

import { sizeOf } from './composer.js';
import { element, ui } from './elements.js';
import { setText, translate, whenLanguageChanges } from './language.js';

export const MOST_ROWS = 1_000;
const LONGEST_PREVIEW = 300;   // characters
const NEAR_THE_END = 40;       // pixels: a reader this close wants to see what comes

const ARROWS = { sent: '↑', received: '↓', opened: '●', closed: '○' };
const HEX = 16;

let entries = [];       // { at, kind, data, text, type, size, row }
let waiting = [];       // entries that aren't shown yet
let dropped = 0;
let replay;             // (data)

export function startTimeline(sendAgain) {
  replay = sendAgain;
  for (const filter of [ui.filterDirection, ui.filterType, ui.filterText]) {
    filter.addEventListener('input', filterRows);
  }
  ui.clear.addEventListener('click', clear);
  whenLanguageChanges(() => {
    for (const { row } of entries) {
      const button = row?.querySelector('.replay');
      if (button) setText(button, 'replay');
    }
    showCount();
  });
  showCount();
}

export function keptEntries() {
  return { entries, dropped };
}

// `kind` is sent, received, opened or closed.
export function add(kind, data, more = {}) {
  const text = typeof data === 'string' ? data : hex(data);
  const entry = { at: new Date(), kind, data, text, type: typeOf(data), ...more };
  entry.size = kind === 'sent' || kind === 'received' ? sizeOf(data) : null;
  entries.push(entry);
  if (waiting.push(entry) === 1) requestAnimationFrame(showWaiting);
}

function hex(bytes) {
  return Array.from(new Uint8Array(bytes), byte => byte.toString(HEX).padStart(2, '0')).join(' ');
}

function typeOf(data) {
  if (typeof data !== 'string') return 'bytes';
  try {
    const value = JSON.parse(data);
    if (typeof value !== 'object' || value === null) return 'text';
    const type = value.type ?? 'message';
    return value.event ? `${type}.${value.event}` : String(type);
  } catch {
    return 'text';
  }
}

// All that has come since the last picture at once, however much it is.
function showWaiting() {
  const isAtEnd =
    ui.rows.scrollHeight - ui.rows.scrollTop - ui.rows.clientHeight < NEAR_THE_END;
  const surplus = Math.max(entries.length - MOST_ROWS, 0);
  for (const entry of entries.splice(0, surplus)) entry.row?.remove();
  dropped += surplus;
  const shown = waiting.slice(-MOST_ROWS);
  waiting = [];
  for (const entry of shown) offerType(entry.type, entry.kind);
  ui.rows.append(...shown.map(rowOf));
  showCount();
  if (isAtEnd) ui.rows.scrollTop = ui.rows.scrollHeight;
}

function rowOf(entry) {
  const row = element('li', `row ${entry.kind}`);
  const time = element('time', 'mono', timeOf(entry.at));
  time.dateTime = entry.at.toISOString();
  const isFrame = entry.size !== null;
  const line = isFrame ? element('details') : element('div', 'event');
  const head = element(isFrame ? 'summary' : 'p');
  head.append(time, element('span', 'arrow', ARROWS[entry.kind]));
  if (isFrame) {
    head.append(element('span', 'type', entry.type), element('span', 'size mono', `${entry.size} B`));
  } else {
    head.append(setText(element('span', 'type'), entry.kind));
  }
  head.append(element('span', 'preview mono', entry.text.slice(0, LONGEST_PREVIEW)));
  line.append(head);
  row.append(line);
  if (isFrame) {
    line.addEventListener('toggle', () => unfold(line, entry));
    if (entry.kind === 'sent') row.append(replayButton(entry));
  }
  entry.row = row;
  row.hidden = !passes(entry);
  return row;
}

// The whole of a frame is put into the page when somebody wants to see it.
function unfold(line, entry) {
  if (line.querySelector('pre')) return;
  let pretty = entry.text;
  try {
    if (typeof entry.data === 'string') pretty = JSON.stringify(JSON.parse(entry.data), null, 2);
  } catch { /* it isn't JSON */ }
  line.append(element('pre', 'mono', pretty));
}

function replayButton(entry) {
  const button = setText(element('button', 'replay'), 'replay');
  button.type = 'button';
  button.addEventListener('click', () => replay(entry.data));
  return button;
}

function timeOf(date) {
  const two = number => String(number).padStart(2, '0');
  const milliseconds = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${milliseconds}`;
}

function offerType(type, kind) {
  const isKnown = [...ui.filterType.options].some(({ value }) => value === type);
  if (isKnown || kind === 'opened' || kind === 'closed') return;
  const option = element('option', '', type);
  option.value = type;
  ui.filterType.append(option);
}

function passes({ kind, type, text }) {
  const wanted = ui.filterText.value.trim().toLowerCase();
  return (ui.filterDirection.value === '' || ui.filterDirection.value === kind)
    && (ui.filterType.value === '' || ui.filterType.value === type)
    && (wanted === '' || text.toLowerCase().includes(wanted));
}

function filterRows() {
  for (const entry of entries) {
    if (entry.row) entry.row.hidden = !passes(entry);
  }
  showCount();
}

function showCount() {
  const shown = entries.filter(({ row }) => row && !row.hidden).length;
  ui.count.textContent = translate(dropped ? 'count.dropped' : 'count',
    { shown, all: entries.length, most: MOST_ROWS.toLocaleString(), dropped: dropped.toLocaleString() });
  ui.empty.hidden = entries.length > 0;
  ui.count.hidden = entries.length === 0;
  ui.save.disabled = !entries.some(({ kind }) => kind === 'opened');
}

function clear() {
  entries = [];
  waiting = [];
  dropped = 0;
  ui.rows.replaceChildren();
  ui.filterType.replaceChildren(ui.filterType.options[0]);
  showCount();
}
