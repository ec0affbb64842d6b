// What this tab has to send: messages in order, kept in the browser's storage until the server has
// acknowledged them. Knows no socket and no document.

const MOST_ENTRIES = 200;
const MOST_CHARACTERS = 1_000_000;   // of all texts; browsers give an origin about five million
// The server knows a repeat for ten minutes; the clocks' and the line's doubt is taken off.
export const SURE_FOR = 9 * 60_000;  // milliseconds

// `store` has read() and write(text or null), and may throw.
export class Outbox {
  entries = [];
  isKept = true;      // false: the browser had no room, and a reload would lose them
  #flying = new Set();
  #pausedUntil = 0;
  #store;
  #now;

  constructor(store, now = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  hasRoomFor(text) {
    const characters = this.entries.reduce((sum, entry) => sum + entry.text.length, text.length);
    return this.entries.length < MOST_ENTRIES && characters <= MOST_CHARACTERS;
  }

  // `message` has an id, its user, a text, and the room or the target to which it goes, if any.
  add({ id, user, text, room = null, target = null }) {
    const entry = { id, user, text, room, target, at: this.#now(), tried: null, problem: null };
    this.entries.push(entry);
    this.save();
    return entry;
  }

  // Those of a tab that died, before what is written in this one.
  adopt(entries) {
    const known = new Set(this.entries.map(({ id }) => id));
    this.entries.push(...entries.filter(({ id }) => !known.has(id)));
    this.entries.sort((a, b) => a.at - b.at);
    this.save();
  }

  find(id) {
    return this.entries.find(entry => entry.id === id);
  }

  // Acknowledged, discarded, or to be edited again.
  remove(entry) {
    this.entries = this.entries.filter(other => other !== entry);
    this.#flying.delete(entry);
    this.save();
  }

  // What can go out now: of each room (and the lobby) the first that waits, once that before it has been
  // answered, so that they stay in order. `isReady` says whether its conversation can be spoken to.
  due(isReady) {
    if (this.pause > 0) return [];
    const busy = new Set();
    return this.entries.filter(entry => {
      if (entry.problem || busy.has(entry.room)) return false;
      busy.add(entry.room);
      return !this.#flying.has(entry) && isReady(entry);
    });
  }

  // Written down before it is sent: if a page finds the entry, the server may have it.
  // `position` is how far its conversation had been read.
  takeOff(entry, position) {
    entry.tried ??= { at: this.#now(), position };
    this.#flying.add(entry);
    this.save();
  }

  isFlying(entry) {
    return this.#flying.has(entry);
  }

  // No answer will come any more: it goes out again, with the same id. False if it was not waited
  // for.
  land(entry) {
    return this.#flying.delete(entry);
  }

  // Not now, says the server, and has not taken it: again, and nothing else before, in so many
  // milliseconds.
  tryLater(entry, milliseconds) {
    this.#flying.delete(entry);
    entry.tried = null;
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#now() + milliseconds);
    this.save();
  }

  get pause() {
    return Math.max(0, this.#pausedUntil - this.#now());
  }

  // `problem` is [key, values] of a text, or a text that the server wrote.
  fail(entry, problem) {
    entry.problem = problem;
    this.#flying.delete(entry);
    this.save();
  }

  tryAgain(entry) {
    entry.problem = null;
    entry.tried = null;
    this.save();
  }

  save() {
    try {
      this.#store.write(this.entries.length ? JSON.stringify(this.entries) : null);
      this.isKept = true;
    } catch {
      this.isKept = false;
    }
  }
}

// The entries in a text that save() wrote; what is none is left out.
export function parseEntries(text) {
  try {
    return JSON.parse(text).filter(isEntry);
  } catch {
    return [];
  }
}

function isEntry(entry) {
  const isName = value => value === null || typeof value === 'string';
  return typeof entry?.id === 'string' && typeof entry.text === 'string' &&
    typeof entry.user === 'string' && typeof entry.at === 'number' &&
    isName(entry.room) && isName(entry.target);
}

// What is certain of a message that was sent and not acknowledged, when it is to go out again:
// 'send' where the server does not have it or knows a repeat, 'ask' where it may be said twice.
// `log` is the position in its conversation (of a private message: in the lobby).
export function fate({ tried, target }, log, now = Date.now()) {
  if (!tried) return 'send';
  const before = tried.position;
  if (!before) return 'ask';                      // who got it knows of no repeats
  if (now - tried.at < SURE_FOR) return 'send';
  if (before.epoch !== log.epoch) return 'send';   // its log is lost, and the message with it
  // All that was said since is known, and it is not among that.
  return target === null && log.first <= before.seq + 1 ? 'send' : 'ask';
}

// Unforgeable and unique. A page that came by plain HTTP has no randomUUID.
export function newId(crypto = globalThis.crypto) {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const digits = Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
