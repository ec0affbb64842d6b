// How far a log has been read, as EPOCH:SEQ. What comes next is shown, what was seen is dropped,
// and what comes above a hole waits until the hole is filled.

const MOST_HELD = 500;   // what else comes above a hole is asked for again

export class Position {
  epoch = null;   // null: nothing is known of a log, and the server may keep none
  seq = 0;        // everything up to here is known…
  first = 1;      // …from here on
  #held = new Map();

  // From here on, without what was said before.
  begin(epoch, seq) {
    this.epoch = epoch;
    this.seq = seq;
    this.first = seq + 1;
    this.#held.clear();
  }

  toString() {
    return `${this.epoch}:${this.seq}`;
  }

  get hasHole() {
    return this.#held.size > 0;
  }

  // What can be shown now that this message has come, in order.
  take(message) {
    const { seq } = message;
    if (this.epoch === null || !Number.isSafeInteger(seq)) return [message];
    if (seq <= this.seq) return [];
    if (seq > this.seq + 1) {
      if (this.#held.size < MOST_HELD) this.#held.set(seq, message);
      return [];
    }
    this.seq = seq;
    return [message, ...this.#release()];
  }

  #release() {
    const free = [];
    for (const seq of [...this.#held.keys()].sort((a, b) => a - b)) {
      if (seq > this.seq + 1) break;
      if (seq === this.seq + 1) free.push(this.#held.get(seq));
      this.seq = Math.max(this.seq, seq);
      this.#held.delete(seq);
    }
    return free;
  }

  // The answer to what came behind this position: what can be shown, whether something is missing
  // before it, and whether to ask on.
  catchUp({ epoch, messages, seq, recovered, more, reason }) {
    if (recovered && epoch === this.epoch) return this.#goOn(messages, seq, more);
    if (epoch !== this.epoch) this.#held.clear();
    const next = messages[0]?.seq ?? seq + 1;
    // Only a gap of the same log can turn out to be none.
    if (epoch === this.epoch && next <= this.seq + 1) return this.#goOn(messages, seq, more);
    const after = epoch === this.epoch ? this.seq : 0;
    this.#jump(epoch, next);
    const show = messages.flatMap(message => this.take(message));
    show.push(...this.#release());
    return { show, gap: { reason, after, before: next }, more: this.hasHole };
  }

  #goOn(messages, seq, more) {
    const before = this.seq;
    const show = messages.flatMap(message => this.take(message));
    const isStuck = this.seq === before && (more || this.hasHole);
    if (!isStuck) return { show, gap: null, more: Boolean(more) || this.hasHole };
    // The server says that there is nothing more, and yet sent what is above: stop asking.
    const next = this.hasHole ? Math.min(...this.#held.keys()) : seq + 1;
    this.#jump(this.epoch, next);
    return { show: this.#release(), gap: { reason: 'hole', after: before, before: next }, more: false };
  }

  #jump(epoch, next) {
    this.epoch = epoch;
    this.seq = next - 1;
    this.first = next;
  }

  // Older messages were read, from `seq` on.
  reachBack(seq) {
    this.first = Math.min(this.first, seq);
  }
}

// A position as it was written down, or null where that is none.
export function parsePosition(text) {
  const [, epoch, seq] = /^([\x21-\x7e]+):(\d{1,15})$/.exec(text ?? '') ?? [];
  return epoch === undefined ? null : { epoch, seq: Number(seq) };
}
