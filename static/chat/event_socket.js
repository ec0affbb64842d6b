// A stand-in for a WebSocket: it reads a stream of events, and sends by POST. The browser's own
// EventSource says neither why it was refused nor who it is.

const FULL = ['Server is full', 'Too many connections'];

// What a WebSocket's close would say instead of that answer, as far as it's known.
async function closeOf(response) {
  const detail = await response.json().then(body => body.detail, () => '');
  if (FULL.includes(detail)) return [1008, detail];
  return [response.status === 429 || response.status === 503 ? 1013 : 1006, ''];
}

// [event_socket]
export class EventSocket extends EventTarget {
  readyState = WebSocket.CONNECTING;
  #ending = new AbortController();
  #session = null;
  #waiting = [];       // texts to be posted, in order
  #posting = false;

  constructor(url, token) {
    super();
    this.#read(url, token ? { Authorization: `Bearer ${token}` } : {});
  }

  send(text) {
    this.#waiting.push(text);
    this.#post();
  }

  close() {
    this.#end(1000, '');
  }

  async #read(url, headers) {
    try {
      const response = await fetch(url, {
        headers: { Accept: 'text/event-stream', ...headers },
        cache: 'no-store',
        signal: this.#ending.signal,
      });
      if (!response.ok) return this.#end(...await closeOf(response));
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = '';
      for (let part = await reader.read(); !part.done; part = await reader.read()) {
        const events = (rest + part.value).split('\n\n');
        rest = events.pop();
        events.forEach(event => this.#dispatch(event));
      }
    } catch {
      // It broke, or was never there.
    }
    this.#end(1006, '');
  }
  // [/event_socket]

  #dispatch(event) {
    const field = name => event.match(new RegExp(`^${name}: (.*)$`, 'm'))?.[1];
    const data = field('data');
    if (data === undefined || this.readyState === WebSocket.CLOSED) return;
    if (field('event') === 'close') {
      const { code, reason } = JSON.parse(data);
      return this.#end(code, reason);
    }
    if (this.#session === null) {
      this.#session = JSON.parse(data).session;
      this.readyState = WebSocket.OPEN;
      this.dispatchEvent(new Event('open'));
    }
    this.dispatchEvent(new MessageEvent('message', { data }));
    this.#post();
  }

  // One after the other: two at once might overtake each other on their way.
  async #post() {
    if (this.#posting || this.#session === null) return;
    this.#posting = true;
    while (this.#waiting.length > 0 && this.readyState === WebSocket.OPEN) {
      if (await this.#postOne(this.#waiting[0])) this.#waiting.shift();
    }
    this.#posting = false;
  }

  // Whether it has arrived.
  async #postOne(body) {
    try {
      const response = await fetch('/messages', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', 'Chat-Session': this.#session },
        body,
        signal: this.#ending.signal,
      });
      if (response.status === 202) return true;
      const wait = Number(response.headers.get('Retry-After'));
      if (wait > 0) await new Promise(resolve => setTimeout(resolve, wait * 1000));
      else this.#end(1006, '');
    } catch {
      this.#end(1006, '');
    }
    return false;
  }

  #end(code, reason) {
    if (this.readyState === WebSocket.CLOSED) return;
    this.readyState = WebSocket.CLOSED;
    this.dispatchEvent(new CloseEvent('close', { code, reason }));
    this.#ending.abort();
  }
}
