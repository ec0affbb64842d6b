// The list of tasks: of each a card, with the tree of its coroutines.

import { arrange, element, ui, write } from './elements.js';
import { age, duration, size, waited } from './format.js';
import { reason, translate } from './language.js';
import { choose, coroutines, isLeaf, isOver, model, timeOf } from './model.js';

const STEPS = { ArrowDown: 1, ArrowUp: -1 };

let chosen = () => {};

export function startTasks(whenChosen) {
  chosen = whenChosen;
  ui.tasks.addEventListener('click', ({ target }) => {
    const row = target.closest('.coroutine');
    if (row) pick(row);
  });
  // One of the rows is in the tab order; the arrows lead to the others.
  ui.tasks.addEventListener('keydown', event => {
    const rows = [...ui.tasks.querySelectorAll('.coroutine')];
    const at = rows.indexOf(document.activeElement);
    if (at < 0 || !(event.key in STEPS)) return;
    const next = rows[at + STEPS[event.key]];
    event.preventDefault();
    if (!next) return;
    pick(next);
    next.focus();
  });
}

function pick(row) {
  choose(Number(row.dataset.coroutine));
  chosen(true);
}

export function showTasks() {
  arrange(ui.tasks, model.tasks, ({ id }) => id, createTask, updateTask);
  const rows = ui.tasks.querySelectorAll('.coroutine');
  for (const row of rows) {
    const isChosen = Number(row.dataset.coroutine) === model.chosen;
    row.tabIndex = isChosen ? 0 : -1;
    if (isChosen) row.setAttribute('aria-current', 'true');
    else row.removeAttribute('aria-current');
  }
  tick();
}

function createTask() {
  const card = element('li', 'task');
  const head = element('div', 'task-head');
  head.append(element('h3', 'name'), element('span', 'leak'), element('p', 'facts'));
  card.append(head, element('ul', 'tree'));
  return card;
}

function updateTask(card, task) {
  card.classList.toggle('over', Boolean(task.hasEnded));
  write(card.querySelector('.name'), task.name);
  const leak = card.querySelector('.leak');
  leak.hidden = !task.closed || Boolean(task.hasEnded);
  write(leak, translate('closed'));
  write(card.querySelector('.facts'), facts(task).join(' · '));
  arrange(card.querySelector('.tree'), [task.coroutine], ({ id }) => id, createNode,
    (node, coroutine) => updateNode(node, coroutine, null, 1));
}

function facts({ peer, worker, age_ms, inbox, outbox }) {
  const result = [];
  if (peer) result.push(peer);
  if (model.snapshot.loops.length > 1) result.push(translate('worker', { number: worker }));
  result.push(translate('age', { time: age(age_ms) }));
  if (inbox) result.push(translate('inbox', { frames: inbox.frames }));
  if (outbox) result.push(translate('outbox', { size: outboxOf(outbox) }));
  return result;
}

function outboxOf({ frames, bytes }) {
  if (frames === null) return size(bytes);
  return bytes ? `${frames} (${size(bytes)})` : String(frames);
}

function createNode(coroutine) {
  const node = element('li', 'node');
  const row = element('button', 'coroutine');
  row.type = 'button';
  row.dataset.coroutine = coroutine.id;
  const first = element('span', 'first');
  first.append(element('span', 'joint'), element('span', 'function'), element('span', 'why'),
    element('span', 'time'));
  row.append(first, element('code', 'line'), element('span', 'more'));
  node.append(row, element('ul', 'tree'));
  return node;
}

function updateNode(node, coroutine, parent, siblings) {
  const [row, children] = node.children;
  const part = name => row.querySelector(`.${name}`);
  node.classList.toggle('over', isOver(coroutine));
  row.dataset.why = kindOf(coroutine);
  part('joint').hidden = parent === null;
  write(part('joint'), siblings > 1 ? '‖' : '→');
  write(part('function'), coroutine.function ?? '…');
  write(part('why'), describe(coroutine));
  write(part('line'), coroutine.source ?? '');
  write(part('more'), more(coroutine).join(' · '));
  flash(row, coroutine);
  children.hidden = coroutine.children.length === 0;
  arrange(children, coroutine.children, ({ id }) => id, createNode,
    (child, each) => updateNode(child, each, coroutine, coroutine.children.length));
}

export function describe({ state, isCancelled, waiting_on: why }) {
  if (state === 'finished') return translate(isCancelled ? 'cancelled' : 'finished');
  if (state === 'running') return translate('running');
  return why ? translate('waiting', { reason: reason(why) }) : translate('waiting.unknown');
}

// Its colour.
function kindOf(coroutine) {
  if (isOver(coroutine)) return 'over';
  if (coroutine.state === 'running') return 'running';
  if (!isLeaf(coroutine) || coroutine.waiting_on === 'its children') return 'children';
  if (coroutine.waiting_on?.includes('outbox')) return 'outbox';
  if (coroutine.waiting_on === 'a timer') return 'timer';
  return coroutine.waiting_on?.startsWith('a message') ? 'message' : 'other';
}

function more({ file, line, resumptions, cpu_ms: cpu, below }) {
  const result = [];
  if (file) result.push(`${file.slice(file.lastIndexOf('/') + 1)}:${line}`);
  if (below?.length) result.push(translate('below', { functions: below.join(' › ') }));
  if (resumptions !== null) result.push(translate('resumptions', { count: resumptions }));
  if (cpu !== null) result.push(translate('cpu', { time: duration(cpu) }));
  return result;
}

// It has had a turn since the last snapshot.
function flash(row, { resumptions }) {
  if (row.dataset.turns !== undefined && resumptions !== null && row.dataset.turns !== String(resumptions)) {
    row.getAnimations().forEach(animation => animation.cancel());
    if (!matchMedia('(prefers-reduced-motion: reduce)').matches) {
      row.animate([{ backgroundColor: 'var(--flash)' }, {}], 700);
    }
  }
  row.dataset.turns = resumptions;
}

// Times go on between snapshots.
export function tick() {
  for (const coroutine of coroutines()) {
    const row = ui.tasks.querySelector(`[data-coroutine="${Number(coroutine.id)}"]`);
    if (row) write(row.querySelector('.time'), waited(timeOf(coroutine)));
  }
}
