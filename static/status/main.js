// The page of /status: asks for the metrics each second, and shows what they say.

import { canDraw, Chart } from './charts.js';
import { CHARTS, TABLES, TILES } from './figures.js';
import { applyLanguage, switchLanguage, translate } from './language.js';
import { Look } from './metrics.js';
import { currentToken, keepToken } from './token.js';

const INTERVAL = 1000;   // milliseconds
const TIMEOUT = 5000;

const ui = Object.fromEntries([
  'state', 'language', 'token-form', 'refusal', 'token', 'no-charts', 'tiles', 'charts',
  'workers', 'endpoints', 'refusals',
].map(id => [id, document.getElementById(id)]));

const tiles = new Map();    // key → where its value is
const charts = new Map();   // of CHARTS → the chart
let before = null;
let now = null;
let timer = null;

function say(state, values) {
  ui.state.dataset.state = state;
  ui.state.textContent = translate(`state.${state}`, values);
}

async function ask() {
  const token = currentToken();
  return fetch('/metrics', {
    headers: token === null ? {} : { Authorization: `Bearer ${token}` },
    cache: 'no-store',
    signal: AbortSignal.timeout(TIMEOUT),
  });
}

async function look() {
  const begun = performance.now();
  try {
    const answer = await ask();
    if (answer.status === 403) {
      refused(await answer.text());
      return;
    }
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    take(new Look(await answer.text(), Date.now() / 1000));
  } catch {
    lost();
  }
  timer = setTimeout(look, Math.max(0, INTERVAL - (performance.now() - begun)));
}

function refused(text) {
  say('refused');
  ui.refusal.textContent = text;
  ui['token-form'].hidden = false;
  timer = null;
}

function lost() {
  const time = now === null ? '' : new Date(now.time * 1000).toLocaleTimeString();
  if (time === '') say('connecting');
  else say('lost', { time });
}

function take(look) {
  const isSame = now !== null
    && now.sum('process_start_time_seconds') === look.sum('process_start_time_seconds');
  before = isSame ? now : null;
  now = look;
  say('live');
  ui['token-form'].hidden = true;
  if (before === null) {
    for (const chart of charts.values()) chart.clear();
  } else {
    show();
    for (const figure of CHARTS) chartOf(figure)?.add(now.time, figure.of(before, now));
  }
}

function show() {
  for (const { key, format, of } of TILES) tiles.get(key).textContent = format(of(before, now));
  for (const [id, { head, rows }] of Object.entries(TABLES)) showTable(ui[id], head, rows(before, now));
  ui.workers.hidden = now.all('chat_tcp_connections').length < 2;
}

function chartOf(figure) {
  if (!charts.has(figure) && figure.needs(now)) {
    charts.set(figure, new Chart(ui.charts, figure));
    charts.get(figure).translate();
  }
  return charts.get(figure);
}

function row(kind, cells) {
  const line = document.createElement('tr');
  line.append(...cells.map(text => {
    const cell = document.createElement(kind);
    cell.textContent = text;
    return cell;
  }));
  return line;
}

function showTable(section, head, rows) {
  const table = section.querySelector('table');
  table.tHead.replaceChildren(row('th', head.map(key => translate(key))));
  table.tBodies[0].replaceChildren(...rows.map(cells => row('td', cells)));
  table.hidden = rows.length === 0;
  const note = section.querySelector('.note');
  if (note) note.hidden = rows.length > 0;
}

function addTile({ key }) {
  const tile = document.createElement('div');
  const name = document.createElement('dt');
  const value = document.createElement('dd');
  name.dataset.t = `tile.${key}`;
  value.id = `tile-${key}`;
  value.textContent = '–';
  tile.append(name, value);
  ui.tiles.append(tile);
  tiles.set(key, value);
}

ui.language.addEventListener('click', () => {
  switchLanguage(ui.language);
  for (const chart of charts.values()) chart.translate();
  if (before !== null) show();
  if (ui.state.dataset.state === 'live') say('live');
});

ui['token-form'].addEventListener('submit', event => {
  event.preventDefault();
  keepToken(ui.token.value.trim());
  ui.token.value = '';
  if (timer === null) look();
});

matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const chart of charts.values()) chart.draw();
});

TILES.forEach(addTile);
applyLanguage(ui.language);
ui['no-charts'].hidden = canDraw;
say('connecting');
look();
