// The page of /status: it shows a load while it goes on, and to whom it may.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Look, quantile, rate } from '../../static/status/metrics.js';
import { DEADLINE, launchBrowser, Server } from './helpers.js';

const UNLIMITED = ['--message-rate', '0', '--client-rate-in', '0', '--client-rate-out', '0'];
const SECRET = 'a secret of 32 bytes, or of more';

let server;
let browser;

before(async () => {
  server = await Server.start({ args: [...UNLIMITED, '--workers', '2'] });
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

async function open(url, options = {}) {
  const context = await browser.newContext({ locale: 'en-US', ...options });
  context.setDefaultTimeout(DEADLINE);
  const page = await context.newPage();
  page.problems = [];
  page.on('console', message => {
    if (message.type() === 'error') page.problems.push(message.text());
  });
  page.on('pageerror', error => page.problems.push(String(error)));
  await page.goto(url);
  return page;
}

function state(page, name) {
  return page.locator(`#state[data-state=${name}]`).waitFor();
}

// Two members, one of whom says something every 20 ms; returns once the other has heard the first.
async function beginToTalk(page) {
  await page.evaluate(async () => {
    const address = location.origin.replace('http', 'ws');
    const [alice, bob] = ['Alice', 'Bob'].map(name => new WebSocket(`${address}/ws/chat/${name}`));
    await Promise.all([alice, bob].map(each => new Promise(resolve => { each.onopen = resolve; })));
    const heard = new Promise(resolve => {
      bob.onmessage = ({ data }) => JSON.parse(data).type === 'message' && resolve();
    });
    window.talk = setInterval(() => alice.send('{"type":"message","message":"hello"}'), 20);
    alice.send('this is no JSON');
    await heard;
  });
}

// It asks each second: so the second answer comes within 2 s.
test('a load is shown with the second look at the latest', async () => {
  const page = await open(`${server.url}/status`);
  const talkers = await open(`${server.url}/chat`);
  await state(page, 'live');
  await page.locator('#tile-in', { hasText: /^0$/ }).waitFor();
  await beginToTalk(talkers);
  let looks = 0;
  page.on('response', response => { looks += response.url().endsWith('/metrics') ? 1 : 0; });
  await page.evaluate(() => new Promise(resolve => {
    const shown = () => Number(document.getElementById('tile-in').textContent) > 0;
    const observer = new MutationObserver(() => shown() && resolve());
    observer.observe(document.getElementById('tiles'), { subtree: true, childList: true });
    if (shown()) resolve();
  }));
  assert.ok(looks <= 2, `it took ${looks} looks`);

  await page.locator('#tile-connections', { hasText: /^2$/ }).waitFor();
  await page.locator('#tile-delivery', { hasText: /µs|ms/ }).waitFor();
  await page.locator('#endpoints tr', { hasText: '/ws/chat/{username}' }).waitFor();
  await page.locator('#refusals tr', { hasText: /invalid_format\s*1/ }).waitFor();
  assert.equal(await page.locator('#workers tbody tr').count(), 2);
  const drawn = await page.evaluate(() => [...document.querySelectorAll('canvas')].map(
    canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)));
  assert.ok(drawn.length >= 8 && drawn.every(Boolean), 'every chart is drawn');
  await page.getByRole('button', { name: '中文' }).click();
  await page.getByRole('heading', { name: '每秒訊息' }).waitFor();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  assert.ok(!wide, 'nothing sticks out');
  assert.deepEqual(page.problems, []);
  await talkers.context().close();
  await page.locator('#tile-connections', { hasText: /^0$/ }).waitFor();
  await page.context().close();
});

function token() {
  const [head, claims] = [{ alg: 'HS256', typ: 'JWT' }, { sub: 'Alice', exp: 33333333333 }]
    .map(part => Buffer.from(JSON.stringify(part)).toString('base64url'));
  const signature = createHmac('sha256', SECRET).update(`${head}.${claims}`).digest('base64url');
  return `${head}.${claims}.${signature}`;
}

test('who is elsewhere needs a token, and is told so; when the server is gone, it says that', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'chapter08-'));
  writeFileSync(join(folder, 'secret'), SECRET);
  const closed = await Server.start({ args: ['--proxy-headers', '--jwt-secret-file', join(folder, 'secret')] });
  try {
    const page = await open(`${closed.url}/status`, { extraHTTPHeaders: { 'X-Forwarded-For': '203.0.113.7' } });
    await state(page, 'refused');
    await page.getByText('--monitor-host 203.0.113.7').waitFor();
    assert.equal(await page.locator('#tile-memory').textContent(), '–');
    await page.fill('#token', token());
    await page.press('#token', 'Enter');
    await state(page, 'live');
    await page.locator('#tile-memory', { hasText: 'MiB' }).waitFor();
    assert.ok(!await page.locator('#token-form').isVisible());
    await closed.stop();
    await state(page, 'lost');
    await page.context().close();
  } finally {
    await closed.stop();
    rmSync(folder, { recursive: true });
  }
});

test('rates and quantiles are those of what came between two looks', () => {
  const text = (sum, low, high, all) => `# HELP a_seconds What it is.
a_total{worker="0",path="a \\"b\\" c"} ${sum}
a_total{worker="1",path="d"} 1
a_seconds_bucket{worker="0",le="1"} ${low}
a_seconds_bucket{worker="0",le="2"} ${high}
a_seconds_bucket{worker="0",le="+Inf"} ${all}
`;
  const before = new Look(text(5, 100, 100, 100), 10);
  const now = new Look(text(25, 100, 104, 105), 12);
  assert.equal(rate(before, now, 'a_total'), 10);
  assert.equal(rate(before, now, 'a_total', { worker: '1' }), 0);
  assert.deepEqual([...now.by('a_total', 'path')], [['a "b" c', 25], ['d', 1]]);
  assert.equal(quantile(0.4, before, now, 'a_seconds'), 1.5);   // the second of four between 1 and 2
  assert.equal(quantile(0.99, before, now, 'a_seconds'), 2);    // above all bounds
  assert.equal(quantile(0.5, before, before, 'a_seconds'), null);
  assert.equal(quantile(0.5, before, now, 'b_seconds'), null);
});
