// The page of /inspect: shows what the feed brings, and asks it for another part of the tasks.

import { showCode, startCode } from './code.js';
import { element, ui, write } from './elements.js';
import { Feed } from './feed.js';
import { count } from './format.js';
import { applyLanguage, switchLanguage, translate } from './language.js';
import { showLog, startLog } from './log.js';
import { noteLags, showLoops } from './loops.js';
import { model, takeSnapshot } from './model.js';
import { showTasks, startTasks, tick } from './tasks.js';

const ON_A_PAGE = matchMedia('(max-width: 860px)').matches ? 10 : 20;   // tasks in the document at most
const TICK = 100;        // milliseconds
const TYPING = 250;

const pages = [0];       // after which task each page begins: those before this one, and this one
let isOther = true;      // the next snapshot answers another question than the last
let isPaused = false;
let state = ['connecting', {}];

const feed = new Feed({
  take(snapshot) {
    takeSnapshot(snapshot, isOther);
    isOther = false;
    noteLags();
    show();
  },
  say(name, silence) {
    say(name, { runtime: model.snapshot?.runtime, seconds: ((silence ?? 0) / 1000).toFixed(1) });
  },
  refused(text) {
    say('refused', {});
    ui.refusal.textContent = text;
    ui.refusal.hidden = false;
  },
});

function say(name, values) {
  state = [name, values];
  ui.state.dataset.state = name;
  document.body.classList.toggle('silent', name === 'silent');
  write(ui.state, translate(`state.${name}`, values));
}

function ask() {
  setPaused(false);
  const query = new URLSearchParams({ tasks: ON_A_PAGE, after: pages.at(-1) });
  const text = ui.find.value.trim();
  if (text) query.set('find', text);
  if (ui.library.checked) query.set('library', '1');
  isOther = true;
  feed.start(query);
}

function show(isChoice = false) {
  if (!model.snapshot) return;
  showLoops();
  showTasks();
  showCode(isChoice);
  showLog();
  showPages();
}

function showPages() {
  const { task_count: all, tasks, library_tasks: left } = model.snapshot;
  const first = (pages.length - 1) * ON_A_PAGE + 1;
  ui.previous.disabled = pages.length === 1;
  ui.next.disabled = tasks.length < ON_A_PAGE || first + tasks.length > all;
  ui.pages.hidden = all <= ON_A_PAGE && pages.length === 1;
  write(ui.range, translate('range', {
    first: count(first), last: count(first + tasks.length - 1), all: count(all),
  }));
  ui.none.hidden = model.tasks.length > 0;
  write(ui.none, translate(ui.find.value.trim() ? 'none.found' : 'none'));
  ui.libraryField.hidden = !left && !ui.library.checked;
  write(ui.libraryLabel, translate('library', { count: count(left ?? 0) }));
}

function firstPage() {
  pages.splice(1);
  ask();
}

function turn(isOn) {
  if (isOn) pages.push(model.snapshot.tasks.at(-1).id);
  else pages.pop();
  ask();
}

function pause() {
  if (isPaused) {
    ask();
    return;
  }
  setPaused(true);
  feed.stop();
  say('paused', {});
}

function setPaused(isOn) {
  isPaused = isOn;
  ui.pause.setAttribute('aria-pressed', String(isOn));
  namePause();
}

function namePause() {
  ui.pause.textContent = translate(isPaused ? 'resume' : 'pause');
}

function showLanguage() {
  namePause();
  ui.logHead.replaceChildren(...['time', 'function', 'what', 'line'].map(name => {
    const cell = element('th', name, translate(`log.${name}`));
    cell.scope = 'col';
    return cell;
  }));
  say(...state);
  show();
}

let typing = null;
ui.find.addEventListener('input', () => {
  clearTimeout(typing);
  typing = setTimeout(firstPage, TYPING);
});
ui.library.addEventListener('change', firstPage);
ui.previous.addEventListener('click', () => turn(false));
ui.next.addEventListener('click', () => turn(true));
ui.pause.addEventListener('click', pause);
ui.language.addEventListener('click', () => {
  switchLanguage();
  showLanguage();
});
// Nobody sees a page that is in the background.
document.addEventListener('visibilitychange', () => {
  if (isPaused) return;
  if (document.hidden) feed.stop();
  else ask();
});
setInterval(() => {
  if (!isPaused && !matchMedia('(prefers-reduced-motion: reduce)').matches) tick();
}, TICK);

startTasks(show);
startCode();
startLog();
applyLanguage();
showLanguage();
ask();
