// Writes what the timeline holds as a `.chat` conversation, which tests/conformance/run.py plays.

// What is another one each time, and the server's words, which are in its language.
const NUMBERS = /"(\w*count|seq|next|expires_in|retry_after_ms)":\d+/g;
const TOLD = new Set(['system', 'error', 'confirmation']);
const LISTS = ['connected_users', 'members', 'users', 'more', 'next'];
const OF_OTHERS = new Set(['system.join', 'system.leave', 'system.presence', 'typing']);

// `entries` are rows of the timeline, from a connection that was opened.
export function conversationOf(entries, dropped) {
  const begin = entries.findIndex(({ kind }) => kind === 'opened');
  const writer = new Writer(entries.slice(begin));
  const lines = writer.lines();
  const head = ['# A conversation from the console of /docs.'];
  if (dropped > 0) head.push('# Its beginning is missing: the timeline keeps the newest rows only.');
  return `${[...head, 'stacks: cpp', '', ...lines].join('\n')}\n`;
}

class Writer {
  constructor(entries) {
    this.entries = entries;
    this.name = 'Client';
    this.tags = new Map();     // a kept value of the server → its placeholder
    this.texts = [];           // of messages that were sent and haven't come back
    this.wanted = positionsIn(entries);
  }

  lines() {
    const lines = this.entries.flatMap(entry => this.step(entry) ?? []);
    // The conversation ends with a goodbye, so that what comes later is nobody's business.
    const last = this.entries.filter(({ kind }) => kind === 'opened' || kind === 'closed').at(-1);
    return last.kind === 'opened' ? [...lines, `${this.name} disconnects`] : lines;
  }

  step(entry) {
    switch (entry.kind) {
      case 'opened': return this.opened(entry);
      case 'closed': return this.closed(entry);
      case 'sent': return this.sent(entry);
      default: return this.received(entry);
    }
  }

  opened({ text, username }) {
    this.username = username;
    this.name = /^[A-Z][A-Za-z0-9_]*$/.test(username) ? username : 'Client';
    const path = this.withTags(text);
    return [`${this.name} connects to ${path}`, `${this.name} ignores {"type":"ping"}`];
  }

  // Code 1000 is the answer to one's own goodbye; 1005 and 1006 are no close frames.
  closed({ code, reason }) {
    if (code === 1000) return `${this.name} disconnects`;
    if (code === 1005 || code === 1006) return `# The connection broke: ${code}`;
    return `the server closes ${this.name} with ${`${code} ${reason}`.trim()}`;
  }

  sent({ data, text }) {
    if (typeof data !== 'string') return `${this.name} sends binary ${text}`;
    const value = objectIn(data);
    if (typeof value?.message === 'string') this.texts.push(value.message);
    const written = value && !/[\r\n]/.test(data) ? data : JSON.stringify(data);
    return `${this.name} sends ${this.withTags(written)}`;
  }

  received({ data, text, type }) {
    if (typeof data !== 'string') return `${this.name} receives binary ${text}`;
    const value = objectIn(data);
    if (!value) return `${this.name} receives ${JSON.stringify(data)}`;
    if (type === 'ping') return null;
    if (this.isOfOthers(value, type)) return `# Somebody else: ${data}`;
    return `${this.name} receives ${this.pattern(value)}`;
  }

  // What other people do doesn't happen when the conversation is played.
  isOfOthers(value, type) {
    if (OF_OTHERS.has(type)) return true;
    if (value.type !== 'message' && value.type !== 'private') return false;
    const mine = this.texts.indexOf(value.message);
    if (mine < 0) return true;
    this.texts.splice(mine, 1);
    return false;
  }

  // The frame, with placeholders for what is another one each time.
  pattern(frame) {
    const shown = { ...frame };
    for (const key of LISTS) delete shown[key];
    if (TOLD.has(frame.type)) shown.message = marked('text');
    if ('timestamp' in frame) shown.timestamp = marked('timestamp');
    if (frame.epoch) this.keep(shown, 'epoch', frame.epoch);
    this.keepSeq(shown, frame, frame.epoch);
    if (frame.inbox?.epoch) {
      shown.inbox = { ...frame.inbox };
      this.keep(shown.inbox, 'epoch', frame.inbox.epoch);
      this.keepSeq(shown.inbox, frame.inbox, frame.inbox.epoch);
    }
    if (frame.messages) shown.messages = marked('any');
    return JSON.stringify(shown)
      .replace(/"\\u0000<([^"]*)>"/g, '<$1>')
      .replace(NUMBERS, '"$1":<number>');
  }

  // The first time a value is kept, then it has to be the same.
  keep(object, key, value) {
    const known = this.tags.get(value);
    const tag = known ?? `epoch${this.tags.size + 1}`;
    this.tags.set(value, tag);
    object[key] = known ? `<${tag}>` : marked(`any as ${tag}`);
  }

  // A number is kept if a position that is sent later needs it.
  keepSeq(object, frame, epoch) {
    const position = `${epoch}:${frame.seq}`;
    if (epoch && this.wanted.has(position) && !this.tags.has(position)) {
      const tag = `seq${this.tags.size + 1}`;
      this.tags.set(position, tag);
      object.seq = marked(`any as ${tag}`);
    }
  }

  // A position EPOCH:SEQ in what is sent; where the number was never told, it stays.
  withTags(text) {
    let tagged = text;
    for (const [value, tag] of this.tags) {
      if (!value.includes(':')) continue;
      const epoch = this.tags.get(value.split(':')[0]);
      for (const each of [value, encodeURIComponent(value)]) {
        tagged = tagged.replaceAll(each, `<${epoch}>:<${tag}>`);
      }
    }
    for (const [value, tag] of this.tags) {
      if (!value.includes(':')) tagged = tagged.replaceAll(value, `<${tag}>`);
    }
    return tagged;
  }
}

// In the JSON text first, and then without its quotes.
function marked(placeholder) {
  return `\u0000<${placeholder}>`;
}

function objectIn(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

// Every EPOCH:SEQ that somebody sends, in a frame or in an address.
function positionsIn(entries) {
  const sent = entries.filter(({ kind }) => kind === 'sent' || kind === 'opened');
  const texts = sent.map(({ text }) => decoded(text));
  return new Set(texts.flatMap(text => text.match(/[\w-]+:\d+/g) ?? []));
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
