// Reads Prometheus' text format, and calculates with what it says.

const SAMPLE = /^([\w:]+)(?:\{(.*)\})? (\S+)/;
const LABEL = /([\w]+)="((?:[^"\\]|\\.)*)"/g;
const ESCAPES = { '\\n': '\n', '\\"': '"', '\\\\': '\\' };

// One answer of /metrics: what it has under each name.
export class Look {
  constructor(text, time) {
    this.time = time;   // seconds
    this.samples = new Map();
    for (const line of text.split('\n')) {
      const found = SAMPLE.exec(line);
      if (found) this.add(found);
    }
  }

  add([, name, labels = '', value]) {
    const sample = { labels: {}, value: value === '+Inf' ? Infinity : Number(value) };
    for (const [, label, text] of labels.matchAll(LABEL)) {
      sample.labels[label] = text.replace(/\\./g, escaped => ESCAPES[escaped] ?? escaped);
    }
    if (!this.samples.has(name)) this.samples.set(name, []);
    this.samples.get(name).push(sample);
  }

  has(name) {
    return this.samples.has(name);
  }

  // Those that have these labels.
  all(name, labels = {}) {
    const wanted = Object.entries(labels);
    return (this.samples.get(name) ?? [])
      .filter(sample => wanted.every(([label, value]) => sample.labels[label] === value));
  }

  sum(name, labels) {
    return this.all(name, labels).reduce((sum, { value }) => sum + value, 0);
  }

  largest(name, labels) {
    return this.all(name, labels).reduce((largest, { value }) => Math.max(largest, value), 0);
  }

  // The sums by the values of a label.
  by(name, label, labels) {
    const sums = new Map();
    for (const { labels: { [label]: key }, value } of this.all(name, labels)) {
      sums.set(key, (sums.get(key) ?? 0) + value);
    }
    return sums;
  }
}

// How much more a second than at the look before.
export function rate(before, now, name, labels) {
  return Math.max(0, now.sum(name, labels) - before.sum(name, labels)) / (now.time - before.time);
}

// Below which value that share of what was observed between the looks was, as Prometheus'
// histogram_quantile() has it: within a bucket all are taken to be evenly spread. null: nothing was.
export function quantile(share, before, now, name, labels) {
  const buckets = [...differences(before, now, `${name}_bucket`, labels)].sort(([a], [b]) => a - b);
  const count = buckets.at(-1)?.[1] ?? 0;
  if (count <= 0) return null;
  const wanted = share * count;
  let [bound, below] = [0, 0];
  for (const [upper, upTo] of buckets) {
    if (upTo >= wanted) {
      return upper === Infinity ? bound : bound + (upper - bound) * (wanted - below) / (upTo - below);
    }
    [bound, below] = [upper, upTo];
  }
  return bound;
}

function differences(before, now, name, labels) {
  const counts = new Map();
  for (const [look, sign] of [[now, 1], [before, -1]]) {
    for (const [bound, count] of look.by(name, 'le', labels)) {
      const upper = bound === '+Inf' ? Infinity : Number(bound);
      counts.set(upper, (counts.get(upper) ?? 0) + sign * count);
    }
  }
  return counts;
}
