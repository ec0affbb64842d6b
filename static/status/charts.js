// Small charts of the last two minutes, by uPlot.

import { translate } from './language.js';

const KEPT = 120;   // seconds
const LEAST = 30;   // that are shown, though there's less at first
const HEIGHT = 150;   // pixels

const loaded = await import('/status/uplot/uPlot.esm.js').catch(() => null);
export const canDraw = loaded !== null;

function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

// The highest value sets the scale, but what is nearly nothing stays low.
function range(least) {
  return (_, low, high) => [0, Math.max(least, (high ?? 0) * 1.15)];
}

export class Chart {
  // `lines`: name and colour of each; `least`: the smallest top of the scale; `steps`: what may be
  // between two lines of the grid.
  constructor(parent, { title, lines, format, least, steps }) {
    Object.assign(this, { title, lines, format, least, steps });
    this.data = [[], ...lines.map(() => [])];
    this.card = document.createElement('figure');
    this.card.className = 'card';
    this.caption = document.createElement('figcaption');
    this.heading = document.createElement('h2');
    this.legend = document.createElement('p');
    this.plotted = document.createElement('div');
    this.plotted.className = 'plot';
    this.plotted.setAttribute('aria-hidden', 'true');
    this.caption.append(this.heading, this.legend);
    this.card.append(this.caption, this.plotted);
    parent.append(this.card);
    this.values = lines.map(line => this.addToLegend(line));
    this.draw();
    if (canDraw) new ResizeObserver(() => this.resize()).observe(this.plotted);
  }

  addToLegend({ colour: name }) {
    const item = document.createElement('span');
    item.className = `line ${name}`;
    const label = document.createElement('span');
    const value = document.createElement('b');
    item.append(label, ' ', value);
    this.legend.append(item);
    return { label, value };
  }

  translate() {
    this.heading.textContent = translate(this.title);
    this.lines.forEach(({ name }, i) => { this.values[i].label.textContent = translate(name); });
    this.show();
  }

  // Anew, too: in the other colours.
  draw() {
    if (!canDraw) return;
    const { default: UPlot } = loaded;
    this.plot?.destroy();
    const axis = {
      stroke: colour('muted'), font: '11px system-ui, sans-serif',
      grid: { stroke: colour('line'), width: 1 }, ticks: { show: false },
    };
    this.plot = new UPlot({
      width: this.plotted.clientWidth || 300,
      height: HEIGHT,
      padding: [10, 20, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, sync: { key: 'status' }, points: { size: 6 } },
      scales: { x: { time: true }, y: { range: range(this.least) } },
      axes: [
        { ...axis, size: 26, space: 60, values: '{HH}:{mm}:{ss}' },
        {
          ...axis, size: 64, space: 34, values: (_, ticks) => ticks.map(this.format),
          ...(this.steps && { incrs: this.steps }),
        },
      ],
      series: [{}, ...this.lines.map(({ colour: name }) => ({
        stroke: colour(name), fill: `${colour(name)}22`, width: 2, spanGaps: true,
        points: { show: false },
      }))],
      hooks: { setCursor: [() => this.show()] },
    }, this.data, this.plotted);
  }

  resize() {
    this.plot.setSize({ width: this.plotted.clientWidth, height: HEIGHT });
  }

  add(time, values) {
    this.data[0].push(time);
    values.forEach((value, i) => this.data[i + 1].push(value));
    while (this.data[0][0] < time - KEPT) this.data.forEach(row => row.shift());
    this.plot?.setData(this.data, false);
    const first = Math.min(this.data[0][0], time - LEAST);
    this.plot?.setScale('x', { min: Math.max(first, time - KEPT), max: time });
    this.show();
  }

  clear() {
    this.data.forEach(row => { row.length = 0; });
  }

  // In the legend: the newest values, or those under the pointer.
  show() {
    const at = this.plot?.cursor.idx ?? this.data[0].length - 1;
    this.values.forEach(({ value }, i) => {
      value.textContent = this.format(this.data[i + 1][at] ?? null);
    });
  }
}
