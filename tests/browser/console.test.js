// The console of /docs, as a person uses it: connect, compose, see what comes, save, and play that.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DEADLINE, launchBrowser, Server } from './helpers.js';

const PLAYER = fileURLToPath(new URL('../conformance/run.py', import.meta.url));
const UNHURRIED = ['--message-rate', '0', '--client-rate-in', '0', '--client-rate-out', '0'];

let server;
let browser;
let pages = [];

before(async () => {
  server = await Server.start({ args: [...UNHURRIED, '--locale', 'en'] });
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

afterEach(async () => {
  const problems = pages.flatMap(page => page.problems);
  await Promise.all(pages.map(page => page.context().close()));
  pages = [];
  assert.deepEqual(problems, [], 'no script error, and nothing that the policy forbids');
  await server.isEmpty();
});

async function openConsole(options = {}) {
  const context = await browser.newContext({ locale: 'en-US', ...options });
  context.setDefaultTimeout(DEADLINE);
  const page = await context.newPage();
  page.problems = [];
  page.on('pageerror', error => page.problems.push(String(error)));
  page.on('console', message => {
    if (message.type() === 'error') page.problems.push(message.text());
  });
  pages.push(page);
  await page.goto(`${server.url}/docs?tab=websocket`);
  await page.locator('#endpoint option').first().waitFor({ state: 'attached' });
  return page;
}

async function connect(page, endpoint, parameters = {}) {
  await page.selectOption('#endpoint', endpoint);
  for (const [name, value] of Object.entries(parameters)) {
    await page.locator(`#connection [name="${name}"]`).fill(value);
  }
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await page.locator('body[data-state=open]').waitFor();
}

// Fills the form of a message, sends it, and waits for `answer` among what has come.
async function sendByForm(page, kind, fields, answer) {
  await page.selectOption('#kind', kind);
  for (const [name, value] of Object.entries(fields)) {
    const input = page.locator(`#fields [name="${name}"]`);
    if (value === true) await input.check();
    else await input.fill(value);
  }
  assert.deepEqual(await problems(page), [], `${kind} is valid`);
  const before = await rows(page, 'received', answer).count();
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  if (answer) await rows(page, 'received', answer).nth(before).waitFor();
}

function rows(page, kind, type) {
  return page.locator(`.row.${kind}`).filter({ has: page.locator(`.type:text-is("${type}")`) });
}

function problems(page) {
  return page.locator('#problems li').allTextContents();
}

function shown(page) {
  return page.locator('.row:visible .type').allTextContents();
}

async function save(page) {
  const folder = await mkdtemp(join(tmpdir(), 'console-'));
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Save as .chat' }).click();
  const file = join(folder, 'console.chat');
  await (await saved).saveAs(file);
  return { file, text: await readFile(file, 'utf8'), remove: () => rm(folder, { recursive: true }) };
}

test('each kind of frame is sent by its form, and what was saved is played', async () => {
  const page = await openConsole();
  await connect(page, 'ws_chat_username_heartbeat', { username: 'Alice', room: 'cpp' });
  await rows(page, 'received', 'joined').waitFor();
  await sendByForm(page, 'message', { message: 'Hello, 世界 <b>', id: 'm-1' }, 'ack');
  await sendByForm(page, 'message', { message: 'psst', id: 'm-2', target_user: 'Alice' }, 'confirmation');
  await sendByForm(page, 'heartbeat', {}, 'heartbeat_ack');
  await sendByForm(page, 'join', { room: 'python' }, 'joined');
  await sendByForm(page, 'who', { room: 'python' }, 'users');
  await sendByForm(page, 'typing', { room: 'python' });
  await sendByForm(page, 'pong', {});
  await sendByForm(page, 'history', { inbox: true, limit: '5' }, 'history');
  await sendByForm(page, 'leave', { room: 'python' }, 'left');
  await sendByForm(page, 'refresh', { token: 'none' }, 'error');
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await page.locator('.row.closed').waitFor();
  await page.getByRole('button', { name: 'Connect', exact: true }).click();
  await rows(page, 'received', 'system.welcome').nth(1).waitFor();
  await page.getByRole('button', { name: 'Disconnect' }).click();
  await page.locator('.row.closed').nth(1).waitFor();

  const saved = await save(page);
  const other = await Server.start({ args: UNHURRIED });
  try {
    const play = [PLAYER, '--stack', 'cpp', '--contract', '--url', other.url, saved.file];
    const played = await promisify(execFile)('/usr/bin/python3', play);
    assert.match(played.stdout, /1 passed, 0 failed/);
    assert.match(saved.text, /Alice sends {"type":"history","inbox":true,"limit":5}/);
  } finally {
    await other.stop();
    await saved.remove();
  }
});

test('a position that was told is saved as a kept value', async () => {
  const page = await openConsole();
  await connect(page, 'ws_chat', {});
  const welcome = rows(page, 'received', 'system.welcome');
  await welcome.locator('summary').click();
  const { epoch, seq } = JSON.parse(await welcome.locator('pre').textContent());
  await sendByForm(page, 'history', { since: `${epoch}:${seq}` }, 'history');
  const saved = await save(page);
  await saved.remove();
  assert.match(saved.text, /"epoch":<any as epoch1>,"seq":<any as seq2>/);
  assert.match(saved.text, /sends {"type":"history","since":"<epoch1>:<seq2>"}/);
});

test('a bad field is shown before it is sent, and what the server says of it after', async () => {
  const page = await openConsole();
  await connect(page, 'ws_chat_username', { username: 'Bob' });
  await page.selectOption('#kind', 'history');
  await page.locator('#fields [name=limit]').fill('500');
  assert.deepEqual(await problems(page), ['limit: 200 at most']);
  assert.equal(await page.locator('#fields [name=limit]').getAttribute('aria-invalid'), 'true');
  await page.locator('#fields [name=limit]').fill('many');
  assert.deepEqual(await problems(page), ['limit: this has to be a whole number']);
  await page.getByRole('button', { name: 'Send anyway' }).click();
  const error = rows(page, 'received', 'error');
  await error.locator('summary').click();
  await error.locator('pre', { hasText: 'invalid_format' }).waitFor();

  await page.selectOption('#kind', 'join');
  assert.deepEqual(await problems(page), ['room: this is required']);
  await page.locator('#raw').fill('{"type":"history","inbox":true,"room":"cpp"}');
  assert.equal(await page.locator('#kind').inputValue(), 'history', 'the form follows the text');
  assert.equal(await page.locator('#fields [name=room]').inputValue(), 'cpp');
  assert.deepEqual(await problems(page), ['inbox, room: only one of these may be there']);
  await page.locator('#raw').fill('{"type":"dance"}');
  assert.deepEqual(await problems(page), ['There is no message of the type "dance"']);
  await page.locator('#raw').fill('{"type":');
  assert.match((await problems(page))[0], /^This isn’t valid JSON/);
  await page.locator('#raw').fill('{"message":"Hello"}');
  assert.deepEqual(await problems(page), []);
});

test('rows are filtered, sent again and cleared', async () => {
  const page = await openConsole();
  await connect(page, 'ws_chat_username', { username: 'Carol' });
  await sendByForm(page, 'message', { message: 'apple' }, 'message');
  await sendByForm(page, 'message', { message: 'pear' }, 'message');
  await sendByForm(page, 'who', {}, 'users');
  await page.selectOption('#filter-direction', 'sent');
  assert.deepEqual(await shown(page), ['message', 'message', 'who']);
  await page.selectOption('#filter-type', 'message');
  assert.deepEqual(await shown(page), ['message', 'message']);
  await page.fill('#filter-text', 'PEAR');
  assert.deepEqual(await shown(page), ['message']);
  assert.equal(await page.locator('#count').textContent(), '1 of 8 rows');
  await page.getByRole('button', { name: 'Send again' }).click();
  await page.locator('.row.sent:visible').nth(1).waitFor();
  await page.fill('#filter-text', '');
  await page.selectOption('#filter-type', '');
  await page.selectOption('#filter-direction', '');
  await rows(page, 'received', 'message').nth(2).waitFor();
  await page.getByRole('button', { name: 'Clear' }).click();
  await page.locator('#empty').waitFor();
  assert.deepEqual(await shown(page), []);
});

test('the echo takes texts and bytes', async () => {
  const page = await openConsole();
  await connect(page, 'ws');
  await page.locator('#raw').fill('');
  await page.selectOption('#kind', 'text');
  await page.locator('#raw').fill('Hello');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await page.locator('.row.received .preview', { hasText: 'Echo: Hello' }).waitFor();
  await page.selectOption('#kind', 'bytes');
  await page.locator('#raw').fill('00 f');
  assert.deepEqual(await problems(page), ['These aren’t pairs of hexadecimal digits']);
  assert.ok(await page.locator('#send').isDisabled());
  await page.locator('#raw').fill('00 ff');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await page.locator('.row.received .preview', { hasText: '00 ff' }).waitFor();
});

test('an endpoint of which nothing is said takes any text', async () => {
  const page = await openConsole();
  const document = { info: { title: 'small' }, operations: {}, components: { messages: {} } };
  document.channels = { ws: { address: '/ws', messages: {} } };
  await page.route('**/asyncapi.json', route => route.fulfill({ json: document }));
  await page.reload();
  await page.locator('#kind option', { hasText: 'Any text' }).waitFor({ state: 'attached' });
  await connect(page, 'ws');
  await page.locator('#raw').fill('Hello');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await page.locator('.row.received .preview', { hasText: 'Echo: Hello' }).waitFor();
  await page.getByRole('button', { name: 'Disconnect' }).click();
  document.channels = {};
  await page.reload();
  await page.locator('#status', { hasText: 'no WebSocket endpoint' }).waitFor();
});

test('of many frames the newest thousand are kept, and the page says so', async () => {
  const page = await openConsole();
  await connect(page, 'ws_chat', {});
  await page.evaluate(url => new Promise(resolve => {
    const other = new WebSocket(`${url.replace('http', 'ws')}/ws/chat`);
    let come = 0;
    other.onopen = () => {
      for (let n = 1; n <= 1_500; n += 1) other.send(`{"message":"number ${n}"}`);
    };
    other.onmessage = () => {
      come += 1;
      if (come === 1_501) resolve(other.close());
    };
  }), server.url);
  await page.locator('.row .preview', { hasText: '"number 1500"' }).waitFor();
  await page.waitForFunction(() =>
    document.querySelector('#count').textContent.includes('only the newest 1,000 are kept'));
  assert.equal(await page.locator('.row').count(), 1_000);
});

test('each tab has its address, and Swagger UI is in the first', async () => {
  const page = await openConsole();
  await page.getByRole('tab', { name: 'HTTP' }).click();
  await page.locator('.opblock').first().waitFor();
  assert.ok(await page.locator('#connection').isHidden());
  await page.getByRole('tab', { name: 'HTTP' }).press('ArrowRight');
  await page.reload();
  await page.locator('#connection').waitFor();
});

test('on a phone nothing is cut off, in Chinese either, and a token is not shown', async () => {
  const page = await openConsole({ viewport: { width: 390, height: 844 }, locale: 'zh-TW' });
  await page.selectOption('#endpoint', 'ws_chat_username');
  await page.locator('#connection [name=token]').fill('secret');
  assert.match(await page.locator('#url').textContent(), /\?token=…$/);
  assert.equal(await page.locator('#connect').textContent(), '連線');
  await page.locator('#connect').click();
  assert.equal(await page.locator('#status').textContent(), '請先填寫 username');
  assert.ok(await page.evaluate(() =>
    document.documentElement.scrollWidth <= document.documentElement.clientWidth));
  await page.locator('#language').click();
  assert.equal(await page.locator('#connect').textContent(), 'Connect');
});
