// What is between the messages of a log: days, what was missed, what is missing.

import { element } from './elements.js';
import { language, setText, whenLanguageChanges } from './language.js';
import { LANGUAGES } from './texts.js';

const DAY = Object.fromEntries(LANGUAGES.map(name =>
  [name, new Intl.DateTimeFormat(name, { dateStyle: 'full' })]));

const sources = new WeakMap();   // element of a message → { stream, epoch, seq } of its log

export function markSource(message, stream, seq) {
  const { epoch } = stream.position;
  if (epoch !== null && seq !== undefined) sources.set(message, { stream, epoch, seq });
  return message;
}

// The log's message of that stream that is furthest up.
export function topOf(log, stream) {
  for (const child of log.children) {
    const source = sources.get(child);
    if (source?.stream === stream) return source;
  }
  return null;
}

function line(kind) {
  const made = element('div', `line ${kind}`);
  made.append(element('span'));
  return made;
}

export function awayLine(count) {
  const made = line('away');
  setText(made.firstElementChild, 'away', { count });
  return made;
}

// `look` runs when the reader wants to know what was said there.
export function gapLine(key, look) {
  const made = line('gap');
  const button = setText(element('button'), 'gap.look');
  button.type = 'button';
  button.hidden = !look;
  button.addEventListener('click', () => {
    button.disabled = true;
    look();
  });
  setText(made.firstElementChild, key);
  made.append(button);
  return made;
}

export function isDayLine(child) {
  return Boolean(child?.classList.contains('day'));
}

function timeOf(child) {
  return child?.querySelector('time')?.dateTime;
}

function lastTimeUpTo(child) {
  while (child && timeOf(child) === undefined) child = child.previousElementSibling;
  return timeOf(child);
}

// `messages` as they follow `previous` in a log, with a line where a day begins.
export function withDays(previous, messages) {
  let day = dayOf(lastTimeUpTo(previous));
  return messages.flatMap(message => {
    const time = timeOf(message);
    if (time === undefined || dayOf(time) === day) return [message];
    day = dayOf(time);
    return [dayLine(time), message];
  });
}

// Without a day before it, a log begins today.
function dayOf(time) {
  return (time === undefined ? new Date() : new Date(time)).toDateString();
}

function dayLine(time) {
  const made = line('day');
  made.dataset.day = time;
  made.firstElementChild.textContent = DAY[language].format(new Date(time));
  return made;
}

whenLanguageChanges(() => {
  for (const made of document.querySelectorAll('.line.day')) {
    made.firstElementChild.textContent = DAY[language].format(new Date(made.dataset.day));
  }
});
