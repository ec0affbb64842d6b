// What has happened last, the newest first.

import { arrange, element, ui, write } from './elements.js';
import { clock } from './format.js';
import { reason, translate } from './language.js';
import { model, taskOf } from './model.js';

const MOST = 60;   // rows in the page

export function startLog() {
  ui.logChosen.addEventListener('change', showLog);
}

export function showLog() {
  const { snapshot } = model;
  if (!snapshot) return;
  const task = ui.logChosen.checked ? taskOf(model.chosen)?.id : undefined;
  const rows = snapshot.transitions
    .filter(each => task === undefined || each.task === task)
    .slice(-MOST)
    .reverse();
  const begin = Date.now() - (performance.now() - model.taken) - snapshot.now_ms;
  arrange(ui.log, keyed(rows), ({ key }) => key, create, (row, { each }) => update(row, each, begin));
}

// Two of one coroutine may come at one time.
function keyed(rows) {
  const seen = new Map();
  return rows.map(each => {
    const base = `${each.at_ms}/${each.coroutine}/${each.what}`;
    seen.set(base, (seen.get(base) ?? 0) + 1);
    return { key: `${base}/${seen.get(base)}`, each };
  });
}

function create({ each }) {
  const row = element('tr', `what-${each.what}`);
  row.append(...['time mono', 'function', 'what', 'line mono'].map(name => element('td', name)));
  return row;
}

function update(row, each, begin) {
  const [time, name, what, line] = row.children;
  if (!time.textContent) time.textContent = clock(begin + each.at_ms);
  write(name, each.function ?? '…');
  write(what, translate(each.what === 'waits' && !each.waiting_on ? 'waiting.unknown' : `what.${each.what}`,
    { reason: reason(each.waiting_on ?? '') }));
  write(line, each.line ? String(each.line) : '');
}
