// What axe-core finds: contrast, names, headings, landmarks, what a keyboard reaches.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { PHONE, useSite } from './helpers.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const suite = useSite();

// A table's corner is empty. VitePress' front page has no <main>, and nothing of ours can change that.
const RULES = { 'empty-table-header': { enabled: false } };
const RULES_OF_THE_FRONT = { ...RULES, 'landmark-one-main': { enabled: false }, region: { enabled: false } };

// What it finds, one line each: the page, the rule, the element.
async function violations(page, address) {
  await page.evaluate(AXE);
  const rules = address.endsWith('index.html') ? RULES_OF_THE_FRONT : RULES;
  const options = { resultTypes: ['violations'], rules };
  const found = await page.evaluate(options => globalThis.axe.run(options), options);
  return found.violations.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${address}: ${id} at ${target}`));
}

async function check(addresses, options) {
  const found = [];
  const page = await suite.visit('', options);
  for (const address of addresses) {
    await page.open(address);
    for (const diagram of await page.locator('figure.mermaid').all()) await diagram.locator('svg').waitFor();
    found.push(...(await violations(page, address)));
  }
  assert.deepEqual(found, []);
}

// One of each kind: the front page, columns, a diagram and exercises, pictures and tables.
const PAGES = ['index.html', '05_broadcast.html', '07_heartbeat.html', '13_speed.html', 'faq.html'];

test('axe finds no fault by day', () => check(PAGES, {}));
test('nor by night', () => check(PAGES.slice(1, 3), { colorScheme: 'dark' }));
test('nor on a phone', () => check(PAGES.slice(0, 2), { viewport: PHONE }));
test('nor in Chinese', () => check(PAGES.slice(1, 3).map(page => `zh-TW/${page}`), { locale: 'zh-TW' }));
