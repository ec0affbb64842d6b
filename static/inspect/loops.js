// How late each event loop is: now, and in the last half minute.

import { arrange, element, ui, write } from './elements.js';
import { count, duration } from './format.js';
import { translate } from './language.js';
import { model } from './model.js';

const LATE = 50;       // milliseconds
const BARS = 60;       // snapshots
const FULL = 1000;     // milliseconds of a bar that is full: they grow with the root of the lag

const history = new Map();   // name → lags

export function noteLags() {
  for (const { name, lag_ms: lag } of model.snapshot.loops) {
    if (!history.has(name)) history.set(name, []);
    const lags = history.get(name);
    lags.push(lag);
    if (lags.length > BARS) lags.shift();
  }
}

export function showLoops() {
  const { loops } = model.snapshot;
  arrange(ui.loops, loops, ({ name }) => name, create, update);
  const late = loops.filter(isLate);
  write(ui.alarm, late.map(({ name, lag_ms: lag }) =>
    translate('alarm', { name, lag: duration(lag) })).join(' '));
}

function isLate({ lag_ms: lag }) {
  return lag > LATE;
}

function create() {
  const card = element('li', 'loop card');
  const bars = element('div', 'bars');
  bars.setAttribute('aria-hidden', 'true');
  bars.append(...Array.from({ length: BARS }, () => element('i')));
  const facts = element('p', 'facts');
  facts.append(element('span', 'tasks'), ' · ', element('span', 'most'));
  const lag = element('p', 'lag');
  lag.append(element('b', 'value'), ' ', element('span', 'label'));
  card.append(element('h3', 'name'), lag, facts, bars);
  return card;
}

function update(card, loop) {
  const part = name => card.querySelector(`.${name}`);
  card.classList.toggle('late', isLate(loop));
  write(part('name'), loop.name);
  write(part('value'), duration(loop.lag_ms));
  write(part('label'), translate('lag'));
  write(part('tasks'), loop.tasks === 1
    ? translate('loop.task') : translate('loop.tasks', { count: count(loop.tasks) }));
  write(part('most'), translate('lag.most', { lag: duration(loop.lag_max_ms) }));
  const lags = history.get(loop.name);
  [...part('bars').children].forEach((bar, place) => {
    const lag = lags[lags.length - BARS + place];
    bar.style.setProperty('--height', lag === undefined ? 0 : Math.max(.04, Math.min(1, Math.sqrt(lag / FULL))));
    bar.classList.toggle('late', lag > LATE);
  });
}
