// Socket.IO's own client for browsers, as docs/migration.md shows it, and the Flask program.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { DEADLINE, FLASK, Server, launchBrowser } from './helpers.js';

const PAGE = new URL('../../docs/src/migration/flask_page.html', import.meta.url);

let server;
let browser;

before(async () => {
  server = await Server.start({ command: FLASK });
  browser = await launchBrowser();
});

after(async () => {
  await browser?.close();
  await server?.kill();
});

async function join(name) {
  const page = await browser.newPage();
  page.setDefaultTimeout(DEADLINE);
  await page.goto(`${PAGE}?name=${name}&port=${server.port}`);
  await sees(page, 'connected as');
  return page;
}

const sees = (page, text) => page.getByRole('log').filter({ hasText: text }).waitFor();

async function send(page, text) {
  await page.getByRole('textbox').fill(text);
  await page.getByRole('button').click();
}

test('two people talk, and an object names its event', async () => {
  const alice = await join('Alice');
  const bob = await join('Bob');
  await send(alice, '{"message": "Hello, Bob!"}');
  for (const page of [alice, bob]) await sees(page, '< message {"username":"Alice","message":"Hello, Bob!"}');
  await send(bob, '{"type": "message", "message": "Psst", "target_user": "Alice"}');
  await sees(alice, '{"from":"Bob","message":"Psst"}');
  await send(alice, 'no object');
  await sees(alice, '< error');
});

test('it connects again by itself, and sends what was written in between', async () => {
  const carol = await join('Carol');
  await server.kill();
  await sees(carol, 'disconnected: transport');
  await send(carol, '{"message": "Is anybody there?"}');
  await server.startAgain();
  await sees(carol, '"message":"Is anybody there?"');
  assert.equal((await carol.getByRole('log').innerText()).split('connected as').length, 3);
});
