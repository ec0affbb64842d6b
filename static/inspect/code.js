// The source, with the lines lit in which coroutines wait.

import { element, ui, write } from './elements.js';
import { reason, translate } from './language.js';
import { chosenCoroutine, coroutines, isLeaf, isOver, model } from './model.js';
import { tokens } from './syntax.js';

const texts = new Map();   // file → a promise of its lines, or of null
let shown = null;          // the file
let isPicked = false;      // by hand: then it stays, whatever the chosen coroutine does

export function startCode() {
  ui.file.addEventListener('change', () => {
    isPicked = true;
    open(ui.file.value);
  });
}

export function showCode(isChoice = false) {
  if (isChoice) isPicked = false;
  const chosen = chosenCoroutine();
  offerFiles();
  const file = isPicked ? shown : chosen?.file ?? shown;
  if (file !== null && file !== shown) open(file);
  else light(isChoice);
}

function offerFiles() {
  const files = new Set([...coroutines()].map(({ file }) => file).filter(Boolean));
  if (shown !== null) files.add(shown);
  const wanted = [...files].sort();
  const offered = [...ui.file.options].map(({ value }) => value);
  if (wanted.join('\n') !== offered.join('\n')) {
    ui.file.replaceChildren(...wanted.map(name => new Option(name, name)));
  }
  ui.file.value = shown ?? '';
  ui.file.hidden = wanted.length === 0;
}

async function open(file) {
  shown = file;
  if (!texts.has(file)) texts.set(file, fetchLines(file));
  const lines = await texts.get(file);
  if (shown !== file) return;
  if (lines === null) {
    texts.delete(file);   // the program may answer the next time
    ui.code.replaceChildren(element('p', 'note', translate('no-source', { file })));
    delete ui.code.dataset.file;
    return;
  }
  ui.code.replaceChildren(...lines.map(row));
  ui.code.dataset.file = file;
  ui.code.scrollTop = 0;
  offerFiles();
  light(true);
}

async function fetchLines(file) {
  try {
    const answer = await fetch(`inspect/source?${new URLSearchParams({ file })}`);
    return answer.ok ? (await answer.text()).replace(/\n$/, '').split('\n').map(tokens(file)) : null;
  } catch {
    return null;
  }
}

function row(pieces, index) {
  const line = element('div', 'row');
  const number = element('span', 'number', String(index + 1));
  const text = element('span', 'text');
  text.append(...pieces.map(([kind, piece]) => (kind ? element('span', kind, piece) : piece)));
  line.append(number, text);
  return line;
}

// Which coroutines of the page are in which line of the file.
function placed() {
  const lines = new Map();
  for (const coroutine of coroutines()) {
    if (coroutine.file !== shown || !coroutine.line || isOver(coroutine)) continue;
    if (!lines.has(coroutine.line)) lines.set(coroutine.line, []);
    lines.get(coroutine.line).push(coroutine);
  }
  return lines;
}

function light(isChoice) {
  if (ui.code.dataset.file !== shown) return;
  const lines = placed();
  const chosen = chosenCoroutine();
  [...ui.code.children].forEach((line, index) => {
    const here = lines.get(index + 1) ?? [];
    const isChosen = chosen?.file === shown && chosen.line === index + 1 && !isOver(chosen);
    line.classList.toggle('lit', here.length > 0);
    line.classList.toggle('leaf', here.some(isLeaf));
    line.classList.toggle('chosen', isChosen);
    note(line, here);
    if (isChosen && (isChoice || ui.code.dataset.at !== `${model.chosen}:${index}`)) {
      ui.code.dataset.at = `${model.chosen}:${index}`;
      bringIntoView(line);
    }
  });
}

// At the end of a line: who waits there, and for what.
function note(line, here) {
  let end = line.querySelector('.here');
  if (here.length === 0) {
    end?.remove();
    return;
  }
  if (!end) {
    end = element('span', 'here');
    line.append(end);
  }
  const reasons = [...new Set(here.map(({ waiting_on: why }) => why).filter(Boolean))].map(reason);
  const many = here.length > 1 ? `${here.length} × ` : '';
  write(end, `${many}${reasons.join(', ')}`);
}

// Only within the panel: the page itself stays where it is.
function bringIntoView(line) {
  const { offsetTop, offsetHeight } = line;
  const { scrollTop, clientHeight } = ui.code;
  if (offsetTop >= scrollTop && offsetTop + offsetHeight <= scrollTop + clientHeight) return;
  ui.code.scrollTop = offsetTop - clientHeight / 3;
}
