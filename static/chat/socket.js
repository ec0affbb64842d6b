// The one WebSocket of the page, or what stands in for it, and the heartbeat that finds out when its
// line is dead.

import { EventSocket } from './event_socket.js';
import { noteOpened, noteSilence, usesStream } from './transport.js';

const HEARTBEAT_INTERVAL = 10_000;   // milliseconds, as all times here
const ANSWER_TIMEOUT = 20_000;       // a heartbeat without any answer for so long: the line is dead
const PROBE_TIMEOUT = 5_000;         // the same when the tab wakes up, where a dead line is likely
const WELCOME_TIMEOUT = 10_000;

let socket = null;        // handlers of any other are deaf
let isStream = false;
let isOpen = false;       // the server has said something
let heartbeatTimer, answerTimer;
let handlers;             // frame(text), end(code, reason, key of an explanation)

// Frames and ends of all sockets to come go there.
export function handleSocket(given) {
  handlers = given;
}

// [url]
function socketUrl(name) {
  const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
  return `${scheme}//${location.host}/ws/chat/${encodeURIComponent(name)}/heartbeat`;
}
// [/url]

// [open]
// A browser lets a page set no header, so a token goes where subprotocols are named.
export function openSocket(username, token, query = '') {
  dropSocket();
  isStream = usesStream();
  const opened = isStream
    ? new EventSocket(`/events/chat/${encodeURIComponent(username)}${query}`, token)
    : new WebSocket(socketUrl(username) + query, token ? ['bearer', token] : []);
  socket = opened;
  const listen = (type, handler) =>
    opened.addEventListener(type, event => { if (socket === opened) handler(event); });
  listen('open', () => {
    isOpen = true;
    noteOpened(isStream);
  });
  listen('message', event => {
    answered();
    handlers.frame(event.data);
  });
  listen('close', event => end(event.code, event.reason));
  expectAnswer(WELCOME_TIMEOUT);
}
// [/open]

function end(code, ...why) {
  if (!isOpen && code === 1006) noteSilence(isStream);
  handlers.end(code, ...why);
}

export function dropSocket() {
  clearInterval(heartbeatTimer);
  answered();
  const old = socket;
  socket = null;
  isOpen = false;
  old?.close(1000);
}

export function sendFrame(frame) {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
}

// [heartbeat]
export function startHeartbeat() {
  heartbeatTimer = setInterval(sendHeartbeat, HEARTBEAT_INTERVAL);
}

function sendHeartbeat(timeout = ANSWER_TIMEOUT) {
  sendFrame({ type: 'heartbeat', timestamp: new Date().toISOString() });
  expectAnswer(timeout);
}
// [/heartbeat]

// [expect_answer]
// A line that died in silence gives no close event for minutes.
function expectAnswer(timeout) {
  answerTimer ??= setTimeout(() => end(1006, '', 'close.silent'), timeout);
}
// [/expect_answer]

function answered() {
  clearTimeout(answerTimer);
  answerTimer = undefined;
}

// Is the line still there? For when that is in doubt.
export function probe() {
  answered();
  sendHeartbeat(PROBE_TIMEOUT);
}
