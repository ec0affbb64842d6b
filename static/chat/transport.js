// What the page connects by: a WebSocket, or, where none gets through, a stream of events and POST.

const TRIES = 3;   // handshakes in a row that failed without a word, then the stream has a try

const isWanted = new URLSearchParams(location.search).get('transport') === 'sse';

let failures = 0;

export const usesStream = () => isWanted || failures >= TRIES;

// A proxy may let WebSockets through tomorrow: the next connection tries one first.
export function noteOpened(isStream) {
  failures = isStream ? TRIES - 1 : 0;
  document.body.dataset.transport = isStream ? 'sse' : 'websocket';
}

// Nothing is known of the server then: it may as well be down.
export function noteSilence(isStream) {
  failures = isStream ? 0 : failures + 1;
}
