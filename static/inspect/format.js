// How numbers look, in few characters.

import { language } from './language.js';

function number(value, digits = 0) {
  return value.toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

export function count(value) {
  return number(value);
}

// From milliseconds. Tenths change where one watches; more would only flicker.
export function duration(ms) {
  if (ms < 1) return `${number(ms, 2)} ms`;
  if (ms < 100) return `${number(ms, 1)} ms`;
  if (ms < 1000) return `${number(ms)} ms`;
  if (ms < 60_000) return `${number(ms / 1000, 1)} s`;
  if (ms < 3_600_000) return `${number(Math.floor(ms / 60_000))} min ${number(Math.floor(ms / 1000) % 60)} s`;
  return `${number(Math.floor(ms / 3_600_000))} h ${number(Math.floor(ms / 60_000) % 60)} min`;
}

// Of what grows while one looks: a second is the unit, so that it doesn't jump.
export function waited(ms) {
  return ms < 60_000 ? `${number(ms / 1000, 1)} s` : duration(ms);
}

// In whole seconds.
export function age(ms) {
  return ms < 60_000 ? `${number(Math.floor(ms / 1000))} s` : duration(ms);
}

export function size(bytes) {
  return bytes < 10_240 ? `${number(bytes)} B` : `${number(bytes / 1024)} KiB`;
}

export function clock(ms) {
  const time = new Date(ms);
  const two = value => String(value).padStart(2, '0');
  const rest = String(time.getMilliseconds()).padStart(3, '0');
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${rest}`;
}
