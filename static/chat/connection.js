// The connection's life: it opens, comes online, ends, is tried again, and shows its state.

import { showTarget } from './composer.js';
import { conversations, lobby, shown } from './conversations.js';
import { ui } from './elements.js';
import { beginConversation, forgetAsks, forgetInbox, sinceQuery } from './history.js';
import { setText } from './language.js';
import { showSystem } from './log.js';
import { setPeople } from './people.js';
import { giveBackUnsure } from './refused.js';
import { rememberPositions, restoreRooms } from './reload.js';
import { enterRooms } from './rooms.js';
import { takeOver } from './sending.js';
import { forgetUnanswered } from './sent.js';
import { dropSocket, openSocket, probe, startHeartbeat } from './socket.js';
import { chat, fold, remembered } from './state.js';
import { TEXTS } from './texts.js';
import {
  askForToken, currentToken, forgetToken, takeTokenFromField, tokenClaims,
} from './token.js';
import { stopTyping } from './typing.js';

const FIRST_RETRY = 500;        // milliseconds, as all times here
const LONGEST_RETRY = 30_000;
const SHORTEST_SLOW_RETRY = 5_000;   // before knocking again at a door that was closed on purpose
const STABLE_AFTER = 5_000;     // after a connection that lasted this long the delays start over
const MAX_NAME_LENGTH = 32;     // in code points

// [again]
// Going away, torn, too big, server error, restart, try again later, bad gateway: RFC 6455,
// section 7.4.1, and its registry.
const RECONNECT_CODES = new Set([1001, 1006, 1009, 1011, 1012, 1013, 1014]);
// 1008 is a refusal that trying again does not change, but for these reasons.
const SLOW_REASONS = new Set(['Server is full', 'Too many connections', 'Rate limit exceeded']);
const PASSING_REASONS = new Set(['Heartbeat timeout', ...SLOW_REASONS]);
// [/again]

let onlineSince = 0;
let attempts = 0;    // tries since a connection was last stable
let slow = false;    // only the reader shortens the wait for the next try
let retryTimer, countdownTimer;

function setState(next) {
  chat.state = next;
  document.body.dataset.state = next;
  const wanted = next !== 'offline' && next !== 'closed';
  setText(ui.status, `status.${next}`);
  ui.username.readOnly = wanted;
  ui.connect.hidden = wanted;
  ui.disconnect.hidden = !wanted;
  ui.retry.hidden = next !== 'waiting';
  ui.text.disabled = next === 'offline';
  ui.send.disabled = next === 'offline' || next === 'closed';
  if (next === 'online') ui.notice.hidden = true;
  if (next !== 'waiting') clearInterval(countdownTimer);
  if (next === 'connecting' && !ui.notice.hidden) setText(ui.countdown, 'reconnecting');
  ui.countdown.hidden = next === 'closed';
  showTarget();
}

// What is wrong with a name, as [key, values], or null. A "." or ".." would be resolved away as
// a path segment, percent-encoded or not.
function nameProblem(name) {
  const length = [...name].length;
  if (length === 0) return ['name.empty'];
  if (length > MAX_NAME_LENGTH) return ['name.long', { length, max: MAX_NAME_LENGTH }];
  if (/[\p{Cc}\p{Cs}]/u.test(name)) return ['name.control'];
  if (name === '.' || name === '..') return ['name.dots'];
  return null;
}

export function showNameProblem(problem) {
  ui.nameProblem.hidden = !problem;
  if (problem) setText(ui.nameProblem, ...problem);
  ui.username.setAttribute('aria-invalid', String(Boolean(problem)));
}

export function connectAs(name) {
  name = name.trim();
  const problem = nameProblem(name);
  showNameProblem(problem);
  if (problem) return ui.username.focus();
  if (!takeTokenFromField()) return;
  if (fold(name) !== fold(chat.username)) forgetInbox();
  chat.username = ui.username.value = name;
  remembered(() => sessionStorage.setItem('chat.username', name));
  attempts = 0;
  ui.notice.hidden = true;
  connect();
  ui.text.focus();
}

function connect() {
  clearTimeout(retryTimer);
  setState('connecting');
  chat.tokenExpired = false;
  openSocket(chat.username, currentToken(), sinceQuery(chat.username));
}

export function cameOnline(welcome) {
  onlineSince = Date.now();
  chat.username = welcome.username ?? chat.username;
  chat.keepsLog = Boolean(welcome.epoch);
  ui.username.value = chat.username;
  showNameProblem(null);
  askForToken(false);
  setState('online');
  setPeople(lobby, welcome.connected_users ?? [chat.username], welcome.connected_count);
  startHeartbeat();
  restoreRooms();
  enterRooms(Boolean(welcome.connected_users));
}

// Once the welcome is shown: what was said before comes above it, what is to be sent goes out.
export function goOn(welcome) {
  beginConversation(lobby, [welcome, welcome.inbox]);
  rememberPositions();
  takeOver();
}

export function connectionEnded(code, reason, key) {
  const wasOnline = chat.state === 'online';
  if (wasOnline && Date.now() - onlineSince > STABLE_AFTER) attempts = 0;
  dropSocket();
  nobodyIsHere();
  const explanation = key ? [key] : explainClose(code, reason, wasOnline);
  const again = RECONNECT_CODES.has(code) || (code === 1008 && PASSING_REASONS.has(reason));
  setText(ui.reason, ...explanation);
  ui.notice.hidden = false;
  if (wasOnline || !again) showSystem(shown, explanation, 'error');
  forgetUnanswered();
  forgetAsks();
  giveBackUnsure();
  slow = SLOW_REASONS.has(reason);
  if (again) return retryLater();
  setState('closed');
  if (reason === 'Unauthorized') {
    if (explanation[0] !== 'close.unauthorized.other') forgetToken();
    askForToken(true);
  }
  if (reason === 'Invalid username') {
    showNameProblem(['name.refused']);
    ui.username.focus();
  }
}

function explainClose(code, reason, wasOnline) {
  switch (code) {
    case 1006: return [wasOnline ? 'close.lost' : 'close.unreachable'];
    case 1008:
      switch (reason) {
        case 'Invalid username': return ['name.refused'];
        case 'Heartbeat timeout': return ['close.timeout'];
        case 'Server is full': return ['close.full'];
        case 'Too many connections': return ['close.connections'];
        case 'Rate limit exceeded': return ['close.rate'];
        case 'Unauthorized': return explainUnauthorized();
        default: return ['close.1008', { reason: reason || '1008' }];
      }
    default:
      return `close.${code}` in TEXTS ? [`close.${code}`] : ['close.other', { code, reason }];
  }
}

function explainUnauthorized() {
  const { exp, sub } = tokenClaims();
  if (chat.tokenExpired || exp * 1000 < Date.now()) return ['close.unauthorized.expired'];
  if (currentToken() === null) return ['close.unauthorized.none'];
  if (fold(sub) !== fold(chat.username)) return ['close.unauthorized.other', { name: sub ?? '?' }];
  return ['close.unauthorized'];
}

function nobodyIsHere() {
  for (const conversation of conversations()) {
    setPeople(conversation, []);
    conversation.joined = conversation === lobby;
    for (const name of conversation.typing.keys()) stopTyping(conversation, name);
  }
}

// [retry]
// Growing delays with full jitter, so that a class does not come back in one instant.
function retryLater() {
  const least = slow ? SHORTEST_SLOW_RETRY : 0;
  const longest = Math.min(LONGEST_RETRY, (least || FIRST_RETRY) * 2 ** attempts);
  const delay = least + Math.random() * longest;
  attempts += 1;
  const due = Date.now() + delay;
  const count = () => {
    const seconds = Math.ceil(Math.max(1, due - Date.now()) / 1000);
    setText(ui.countdown, 'countdown', { seconds });
  };
  setState('waiting');
  count();
  countdownTimer = setInterval(count, 1000);
  retryTimer = setTimeout(connect, delay);
}
// [/retry]

export function retryNow() {
  attempts = 0;
  connect();
}

// The network or the reader is back: ask now instead of waiting.
export function wakeUp() {
  if (chat.state === 'waiting') {
    if (!slow) retryNow();
  } else if (chat.state === 'online') {
    probe();
  }
}

export function disconnect() {
  const wasOnline = chat.state === 'online';
  dropSocket();
  clearTimeout(retryTimer);
  ui.notice.hidden = true;
  nobodyIsHere();
  if (wasOnline) showSystem(shown, ['close.me']);
  forgetUnanswered();
  forgetAsks();
  giveBackUnsure();
  setState('closed');
  ui.connect.focus();
}
