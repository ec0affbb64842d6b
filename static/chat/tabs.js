// Which tab owns which messages: each has a list of its own in the storage that all tabs share, and
// a tab that has died hands its list over. Knows no document.

const OUTBOX = 'chat.outbox.';       // with a tab's id: its list
const ALIVE = 'chat.tab.';           // with a tab's id: its lock, or the time when it last said so
const HANDING_OVER = 'chat.outbox';  // a lock: one tab at a time
const SAY_EVERY = 20_000;            // milliseconds, as all times here
// Where there are no locks. A browser wakes a tab in the background once a minute.
const DEAD_AFTER = 180_000;
// A tab that is being reloaded takes its messages itself, if it is quick.
const GRACE = 3_000;

export class Tab {
  #storage;
  #locks;
  #now;
  #watched = new Set();
  #written = null;

  constructor({ id, storage, locks, now = Date.now }) {
    this.id = id;
    this.#storage = storage;
    this.#locks = locks;
    this.#now = now;
  }

  // From here on this tab lives. With a lock the browser itself says when it is over.
  async live() {
    if (!this.#locks) return this.sayAlive();
    await new Promise(granted => {
      this.#locks.request(ALIVE + this.id, () => {
        granted();
        return new Promise(() => {});
      }).catch(granted);
    });
  }

  sayAlive() {
    if (this.#locks) return;
    try { this.#storage.setItem(ALIVE + this.id, String(this.#now())); } catch { /* no room */ }
  }

  get saysEvery() {
    return this.#locks ? null : SAY_EVERY;
  }

  // It goes in peace: the next one doesn't have to wait to be sure.
  leave() {
    if (!this.#locks) this.#storage.removeItem(ALIVE + this.id);
  }

  write(text) {
    if (text === null) this.#storage.removeItem(OUTBOX + this.id);
    else this.#storage.setItem(OUTBOX + this.id, text);
    this.#written = text;
    this.sayAlive();
  }

  // A tab that slept so long that it passed for dead: another one has its messages now.
  get wasRobbed() {
    return !this.#locks && this.#written !== null &&
      this.#storage.getItem(OUTBOX + this.id) === null;
  }

  // Gives `take` what dead tabs left of which `isMine` holds, if anything, and takes it from them.
  async adopt(parse, isMine, take) {
    const work = async () => {
      const alive = await this.#living();
      for (const key of this.#lists()) {
        const owner = key.slice(OUTBOX.length);
        if (owner === this.id || alive(owner)) continue;
        const left = parse(this.#storage.getItem(key));
        const mine = left.filter(isMine);
        const rest = left.filter(entry => !isMine(entry));
        // First here, then no more there: a tab that dies in between leaves them twice, with one id.
        if (mine.length) take(mine);
        if (rest.length === 0) this.#storage.removeItem(key);
        else if (mine.length) this.#storage.setItem(key, JSON.stringify(rest));
      }
    };
    await (this.#locks ? this.#locks.request(HANDING_OVER, work) : work());
  }

  // Runs `died` some time after another tab that has a list has died.
  watch(died) {
    for (const key of this.#lists()) this.#watchOne(key.slice(OUTBOX.length), died);
  }

  #watchOne(owner, died) {
    if (owner === this.id || this.#watched.has(owner)) return;
    this.#watched.add(owner);
    const dead = () => {
      this.#watched.delete(owner);
      died();
    };
    if (!this.#locks) setTimeout(dead, DEAD_AFTER + GRACE);
    else this.#locks.request(ALIVE + owner, () => { setTimeout(dead, GRACE); }).catch(() => {});
  }

  #lists() {
    const keys = Array.from({ length: this.#storage.length }, (_, index) => this.#storage.key(index));
    return keys.filter(key => key?.startsWith(OUTBOX));
  }

  async #living() {
    if (this.#locks) {
      const { held } = await this.#locks.query();
      const names = new Set(held.map(({ name }) => name));
      return owner => names.has(ALIVE + owner);
    }
    return owner => this.#now() - Number(this.#storage.getItem(ALIVE + owner)) < DEAD_AFTER;
  }
}
