// Snapshots of the program: as a stream of events, or where that doesn't work by asking again and again.

const INTERVAL = 500;     // milliseconds between two questions
const SILENT = 1200;      // after which the program is taken to be blocked
const TIMEOUT = 30_000;   // a blocked loop answers late

export class Feed {
  // `take(snapshot)`, and `say(state, milliseconds)` for connecting, live, silent, lost and refused.
  constructor({ take, say, refused }) {
    Object.assign(this, { take, say, refused });
    this.query = new URLSearchParams();
    this.isPolling = !('EventSource' in window);
    this.failures = 0;
    this.isLost = false;
    this.run = 0;   // what an older one still brings is no news
    setInterval(() => this.listen(), 200);
  }

  start(query = this.query) {
    this.query = query;
    this.stop();
    this.isOpen = true;
    this.heard = performance.now();
    if (this.isPolling) this.poll(this.run);
    else this.stream(this.run);
  }

  stop() {
    this.run += 1;
    this.isOpen = false;
    this.events?.close();
    clearTimeout(this.timer);
  }

  stream(run) {
    this.events = new EventSource(`inspect/events?${this.query}`);
    this.events.onmessage = ({ data }) => this.bring(run, JSON.parse(data));
    this.events.onerror = () => {
      if (run !== this.run) return;
      this.lose();
      this.failures += 1;
      this.isPolling = this.failures > 1;   // and polling finds out why
      this.stop();
      this.timer = setTimeout(() => this.start(), INTERVAL);
    };
  }

  async poll(run) {
    try {
      const answer = await fetch(`inspect.json?${this.query}`, {
        cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT),
      });
      if (answer.status === 403) {
        this.stop();
        this.refused(await answer.text());
        return;
      }
      if (!answer.ok) throw new Error(`status ${answer.status}`);
      this.bring(run, await answer.json());
    } catch {
      if (run === this.run) this.lose();
    }
    if (run === this.run) this.timer = setTimeout(() => this.poll(run), INTERVAL);
  }

  bring(run, snapshot) {
    if (run !== this.run) return;
    this.heard = performance.now();
    this.failures = 0;
    this.isLost = false;
    this.take(snapshot);
    this.say('live');
  }

  lose() {
    this.isLost = true;
    this.say('lost');
  }

  listen() {
    const silence = performance.now() - this.heard;
    if (this.isOpen && !this.isLost && silence > SILENT) this.say('silent', silence);
  }
}
