// What a message on the page is made of: its head, its text, its time.

import { element } from './elements.js';
import { language, setText, translate, whenLanguageChanges } from './language.js';
import { LANGUAGES } from './texts.js';

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

// The server has it.
export function tick() {
  const mark = element('span', 'tick', '✓');
  mark.setAttribute('role', 'img');
  labelTick(mark);
  return mark;
}

function labelTick(mark) {
  mark.title = translate('sent');
  mark.setAttribute('aria-label', mark.title);
}

// [body]
// What a user wrote becomes a text node: no HTML in it is ever parsed.
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
export function systemMessage(what, kind = '') {
  const message = element('div', `message system ${kind}`.trim());
  const text = Array.isArray(what) ? setText(element('span'), ...what) : element('span', '', what);
  if (!Array.isArray(what)) text.dir = 'auto';
  message.append(text, timeElement());
  return message;
}

whenLanguageChanges(() => {
  document.querySelectorAll('.message time').forEach(showFullTime);
  document.querySelectorAll('.tick').forEach(labelTick);
});
