// The log of the conversation: messages as they come, and the button to the newest.

import { element, ui } from './elements.js';
import { LANGUAGES } from './texts.js';
import { language, setText, translate, whenLanguageChanges } from './language.js';

const MAX_SHOWN = 1_000;   // an all-day tab must not grow

let arriving = document.createDocumentFragment();   // shown together in the next frame
let arrivingFlush = 0;
let followArrivals = false;
let unseen = 0;      // below what the reader sees
let unread = 0;      // while the page was in the background

export function messageHead(name, timestamp, mine) {
  const head = element('div', 'head');
  const author = element(mine ? 'span' : 'button', 'name', name);
  author.dir = 'auto';
  if (!mine) {
    author.type = 'button';
    author.tabIndex = -1;    // the list of who is online is the keyboard's way
    author.classList.add(`hue-${hue(name)}`);
  }
  head.append(author, timeElement(timestamp));
  return head;
}

// [body]
export function messageBody(text) {
  const body = element('div', 'body', text);
  body.dir = 'auto';
  return body;
}
// [/body]

function hue(name) {
  let sum = 0;
  for (const character of String(name)) sum = (sum * 31 + character.codePointAt(0)) % 65_521;
  return sum % 8;
}

// Made once: a formatter costs more than the rest of a message.
const CLOCK = new Intl.DateTimeFormat([], { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const DAY = new Intl.DateTimeFormat([], { month: 'numeric', day: 'numeric' });
const FULL_TIME = Object.fromEntries(LANGUAGES.map(name =>
  [name, new Intl.DateTimeFormat(name, { dateStyle: 'full', timeStyle: 'medium' })]));

export function timeElement(timestamp) {
  const given = new Date(timestamp ?? NaN);
  const moment = Number.isNaN(given.getTime()) ? new Date() : given;
  const today = moment.toDateString() === new Date().toDateString();
  const clock = CLOCK.format(moment);
  const time = element('time', '', today ? clock : `${DAY.format(moment)} ${clock}`);
  time.dateTime = moment.toISOString();
  showFullTime(time);
  return time;
}

function showFullTime(time) {
  time.title = FULL_TIME[language].format(new Date(time.dateTime));
}

// `what` is [key, values] of a text, or a text that the server wrote.
export function showSystem(what, kind = '') {
  const shown = element('div', `message system ${kind}`.trim());
  const text = Array.isArray(what) ? setText(element('span'), ...what) : element('span', '', what);
  shown.append(text, timeElement());
  addMessage(shown);
}

export function addMessage(shown, follow = false) {
  arriving.append(shown);
  followArrivals ||= follow;
  if (arriving.childElementCount > MAX_SHOWN) arriving.firstElementChild.remove();
  arrivingFlush ||= requestAnimationFrame(flushMessages);
}

// One layout for all that arrived since the last frame, however many.
function flushMessages() {
  cancelAnimationFrame(arrivingFlush);
  arrivingFlush = 0;
  const count = arriving.childElementCount;
  if (count === 0) return;
  const stay = followArrivals || readerIsAtEnd();
  followArrivals = false;
  ui.messages.append(arriving);
  for (let extra = ui.messages.childElementCount - MAX_SHOWN; extra > 0; extra -= 1) {
    ui.messages.firstElementChild.remove();
  }
  if (stay) return scrollToEnd();
  unseen += count;
  showUnseen();
}

function readerIsAtEnd() {
  const { scrollHeight, scrollTop, clientHeight } = ui.messages;
  return scrollHeight - scrollTop - clientHeight < 40;
}

function scrollToEnd() {
  ui.messages.scrollTop = ui.messages.scrollHeight;
  unseen = 0;
  showUnseen();
}

function showUnseen() {
  if (unseen && readerIsAtEnd()) unseen = 0;
  ui.newer.hidden = unseen === 0;
  ui.newer.textContent = translate('newer', { count: unseen });
}

export function countUnread() {
  if (!document.hidden) return;
  unread += 1;
  showTitle();
}

function showTitle() {
  document.title = unread ? `(${unread}) ${translate('title')}` : translate('title');
}

export function forgetUnread() {
  unread = 0;
  showTitle();
}

ui.messages.addEventListener('scroll', () => { if (unseen) showUnseen(); }, { passive: true });
ui.newer.addEventListener('click', () => {
  scrollToEnd();
  ui.messages.focus();
});

// The log shrinks when a phone's keyboard opens: whoever was at the end stays there.
let wasAtEnd = true;
ui.messages.addEventListener('scroll', () => { wasAtEnd = readerIsAtEnd(); }, { passive: true });
new ResizeObserver(() => { if (wasAtEnd) scrollToEnd(); }).observe(ui.messages);

whenLanguageChanges(() => {
  flushMessages();
  ui.messages.querySelectorAll('time').forEach(showFullTime);
  showUnseen();
  showTitle();
});
