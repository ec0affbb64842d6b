// The logs of the conversations: messages as they come, and the button to the newest.

import { conversations, countUnread, shown, whenShown } from './conversations.js';
import { ui } from './elements.js';
import { translate, whenLanguageChanges } from './language.js';
import { isDayLine, withDays } from './lines.js';
import { systemMessage } from './messages.js';
import { throttled } from './throttle.js';

const MAX_SHOWN = 1_000;   // an all-day tab must not grow
const MOST_AT_ONCE = 200;  // of what has waited, when the reader has come to its place

const NEAR_TOP = 300;      // pixels: there it is time for older messages

const topFollowers = [];   // run when the reader comes near the top
let flushRequest = 0;
let missed = 0;            // messages while the page was in the background

export function showSystem(conversation, what, kind) {
  addMessage(conversation, systemMessage(what, kind));
}

export function addMessage(conversation, message, follow = false) {
  const { arriving } = conversation;
  arriving.append(message);
  conversation.arrived += 1;
  conversation.followArrivals ||= follow;
  if (arriving.childElementCount > MAX_SHOWN) {
    arriving.firstElementChild.remove();
    conversation.skipped += 1;
  }
  flushRequest ||= requestAnimationFrame(flushMessages);
}

// One layout for all that arrived since the last frame, however many.
export function flushMessages() {
  cancelAnimationFrame(flushRequest);
  flushRequest = 0;
  for (const conversation of conversations()) flush(conversation);
}

function flush(conversation) {
  if (conversation.arrived === 0) return;
  const stay = conversation.followArrivals || conversation.atEnd;
  conversation.unseen += conversation.arrived;
  conversation.arrived = 0;
  conversation.followArrivals = false;
  if (stay) return scrollToEnd(conversation);
  // What somebody is reading is not taken away: the rest waits until they come to the end.
  takeIn(conversation, MAX_SHOWN - conversation.log.childElementCount);
  showUnseen();
}

// Moves so many of the messages that wait into the log.
function takeIn(conversation, count) {
  const { arriving, log, skipped } = conversation;
  if (count <= 0 || arriving.childElementCount === 0) return;
  const taken = document.createDocumentFragment();
  const next = [...arriving.children].slice(0, count);
  if (skipped) next.unshift(systemMessage(['skipped', { count: skipped }]));
  conversation.skipped = 0;
  taken.append(...withDays(log.lastElementChild, next));
  log.append(taken);
}

// `follow` gets the conversation.
export function whenTopIsNear(follow) {
  topFollowers.push(follow);
}

// Whether there is something to scroll to. What is not shown has no size.
export function fillsPanel({ log }) {
  return log.scrollHeight > log.clientHeight || log.clientHeight === 0;
}

// Puts older messages before `next` (null: at the end). What is being read stays where it is.
export function insertMessages(conversation, next, messages) {
  flushMessages();
  const { log } = conversation;
  if (isDayLine(next)) {
    const behind = next.nextElementSibling;
    next.remove();
    next = behind;
  }
  const read = firstInView(log);
  const before = read?.getBoundingClientRect().top;
  const previous = next === null ? log.lastElementChild : next.previousElementSibling;
  const all = withDays(previous, next === null ? messages : [...messages, next]);
  const inserted = document.createDocumentFragment();
  inserted.append(...all.filter(child => child !== next));
  log.insertBefore(inserted, next);
  if (conversation.atEnd) return scrollToEnd(conversation);
  putBackNewest(conversation);
  if (read) log.scrollTop += read.getBoundingClientRect().top - before;
  conversation.seen = viewOf(log);
}

function firstInView(log) {
  const { top } = log.getBoundingClientRect();
  return [...log.children].find(child => child.getBoundingClientRect().bottom > top);
}

// A reader who looks back far leaves the newest: they wait, like what comes meanwhile.
function putBackNewest({ arriving, log }) {
  for (let extra = log.childElementCount - MAX_SHOWN; extra > 0; extra -= 1) {
    const newest = log.lastElementChild;
    if (isDayLine(newest)) newest.remove();
    else arriving.prepend(newest);
  }
}

function dropOldest({ log }) {
  for (let extra = log.childElementCount - MAX_SHOWN; extra > 0; extra -= 1) {
    log.firstElementChild.remove();
  }
}

// The reader has read the log to its end while newer messages waited: they go on from there.
function readOn(conversation) {
  const { log } = conversation;
  const last = log.lastElementChild;
  const before = last.getBoundingClientRect().top;
  takeIn(conversation, MOST_AT_ONCE);
  dropOldest(conversation);
  log.scrollTop += last.getBoundingClientRect().top - before;
  conversation.seen = viewOf(log);
  conversation.atEnd = isAtEnd(log);
}

function isAtEnd({ scrollHeight, scrollTop, clientHeight }) {
  return scrollHeight - scrollTop - clientHeight < 40;
}

function viewOf({ scrollTop, clientWidth, clientHeight }) {
  return { scrollTop, clientWidth, clientHeight };
}

function scrollToEnd(conversation) {
  const { arriving, log } = conversation;
  takeIn(conversation, arriving.childElementCount);
  dropOldest(conversation);
  conversation.atEnd = true;
  conversation.unseen = 0;
  log.scrollTop = log.scrollHeight;
  if (conversation === shown) conversation.seen = viewOf(log);
  showUnseen();
}

function showUnseen() {
  if (shown.atEnd) shown.unseen = 0;
  const hidden = shown.unseen === 0;
  if (ui.newer.hidden !== hidden) ui.newer.hidden = hidden;
  if (!hidden) ui.newer.textContent = translate('newer', { count: shown.unseen });
}

// Only the reader leaves the end, by scrolling up. A scroll event also comes after the log was
// resized and before that is observed, as when a phone's keyboard opens.
function readerScrolled() {
  const { log, seen } = shown;
  const now = viewOf(log);
  const resized = now.clientWidth !== seen.clientWidth || now.clientHeight !== seen.clientHeight;
  if (isAtEnd(log)) {
    if (!shown.atEnd) readOn(shown);
  } else if (now.scrollTop < seen.scrollTop && !resized) {
    shown.atEnd = false;
    if (now.scrollTop < NEAR_TOP) topFollowers.forEach(follow => follow(shown));
  }
  if (!resized) shown.seen = viewOf(log);
  if (shown.unseen) showUnseen();
}

// Somebody said something: it shows in the tab, and in the page's title while nobody looks.
export function countMessage(conversation) {
  countUnread(conversation);
  if (!document.hidden) return;
  missed += 1;
  showTitleSoon();
}

function showTitle() {
  document.title = missed ? `(${missed}) ${translate('title')}` : translate('title');
}

const showTitleSoon = throttled(showTitle);

export function forgetMissed() {
  missed = 0;
  showTitle();
}

ui.panels.addEventListener('scroll', event => {
  if (event.target === shown.log) readerScrolled();
}, { capture: true, passive: true });
ui.newer.addEventListener('click', () => {
  scrollToEnd(shown);
  shown.log.focus();
});
// The log shrinks when a phone's keyboard opens, or something waits to be sent: a reader who was at
// the end stays there.
export function keepAtEnd() {
  if (shown.atEnd) scrollToEnd(shown);
  else shown.seen = viewOf(shown.log);
}

new ResizeObserver(keepAtEnd).observe(ui.panels);

whenShown(conversation => {
  flushMessages();
  if (conversation.atEnd) scrollToEnd(conversation);
  else conversation.log.scrollTop = conversation.scrollTop;
  conversation.seen = viewOf(conversation.log);
  showUnseen();
});
whenLanguageChanges(() => {
  flushMessages();
  showUnseen();
  showTitle();
});
