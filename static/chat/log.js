// The logs of the conversations: messages as they come, and the button to the newest.

import { conversations, countUnread, shown, whenShown } from './conversations.js';
import { ui } from './elements.js';
import { translate, whenLanguageChanges } from './language.js';
import { systemMessage } from './messages.js';

const MAX_SHOWN = 1_000;   // an all-day tab must not grow

let flushRequest = 0;
let missed = 0;            // messages while the page was in the background

export function showSystem(conversation, what, kind) {
  addMessage(conversation, systemMessage(what, kind));
}

export function addMessage(conversation, message, follow = false) {
  const { arriving } = conversation;
  arriving.append(message);
  conversation.followArrivals ||= follow;
  if (arriving.childElementCount > MAX_SHOWN) arriving.firstElementChild.remove();
  flushRequest ||= requestAnimationFrame(flushMessages);
}

// One layout for all that arrived since the last frame, however many.
function flushMessages() {
  cancelAnimationFrame(flushRequest);
  flushRequest = 0;
  for (const conversation of conversations()) flush(conversation);
}

function flush(conversation) {
  const { arriving, log } = conversation;
  const count = arriving.childElementCount;
  if (count === 0) return;
  const stay = conversation.followArrivals || readerIsAtEnd(conversation);
  conversation.followArrivals = false;
  log.append(arriving);
  for (let extra = log.childElementCount - MAX_SHOWN; extra > 0; extra -= 1) {
    log.firstElementChild.remove();
  }
  if (stay) return scrollToEnd(conversation);
  conversation.unseen += count;
  showUnseen();
}

function readerIsAtEnd(conversation) {
  if (conversation !== shown) return conversation.atEnd;
  const { scrollHeight, scrollTop, clientHeight } = conversation.log;
  return scrollHeight - scrollTop - clientHeight < 40;
}

function scrollToEnd(conversation) {
  conversation.atEnd = true;
  conversation.unseen = 0;
  conversation.log.scrollTop = conversation.log.scrollHeight;
  showUnseen();
}

function showUnseen() {
  if (shown.unseen && readerIsAtEnd(shown)) shown.unseen = 0;
  ui.newer.hidden = shown.unseen === 0;
  ui.newer.textContent = translate('newer', { count: shown.unseen });
}

// Somebody said something: it shows in the tab, and in the page's title while nobody looks.
export function countMessage(conversation) {
  countUnread(conversation);
  if (!document.hidden) return;
  missed += 1;
  showTitle();
}

function showTitle() {
  document.title = missed ? `(${missed}) ${translate('title')}` : translate('title');
}

export function forgetMissed() {
  missed = 0;
  showTitle();
}

ui.panels.addEventListener('scroll', event => {
  if (event.target !== shown.log) return;
  shown.atEnd = readerIsAtEnd(shown);
  if (shown.unseen) showUnseen();
}, { capture: true, passive: true });
ui.newer.addEventListener('click', () => {
  scrollToEnd(shown);
  shown.log.focus();
});
// The log shrinks when a phone's keyboard opens: whoever was at the end stays there.
new ResizeObserver(() => { if (shown.atEnd) scrollToEnd(shown); }).observe(ui.panels);

whenShown(conversation => {
  flushMessages();
  if (conversation.atEnd) scrollToEnd(conversation);
  else conversation.log.scrollTop = conversation.scrollTop;
  showUnseen();
});
whenLanguageChanges(() => {
  flushMessages();
  showUnseen();
  showTitle();
});
