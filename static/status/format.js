// How numbers look, in few characters.

import { language } from './language.js';

const BYTES = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function number(value) {
  if (value === null) return '–';
  const digits = value !== 0 && Math.abs(value) < 10 && value % 1 !== 0 ? 1 : 0;
  const notation = Math.abs(value) >= 10_000 && language === 'en' ? 'compact' : 'standard';
  return new Intl.NumberFormat(language, {
    notation, maximumFractionDigits: notation === 'compact' ? 1 : digits,
  }).format(value);
}

export function bytes(value) {
  if (value === null) return '–';
  let unit = 0;
  while (value >= 1024 && unit < BYTES.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${number(unit === 0 ? Math.round(value) : value)} ${BYTES[unit]}`;
}

export function seconds(value) {
  if (value === null) return '–';
  if (value < 0.001) return `${number(Math.round(value * 1e6))} µs`;
  if (value < 1) return `${number(value * 1e3)} ms`;
  return `${number(value)} s`;
}

export function percent(value) {
  return value === null ? '–' : `${number(value)} %`;
}
