// Tokens at the real server: who brings one is let in under its name, for as long as it holds.

import assert from 'node:assert/strict';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { after, before, test } from 'node:test';
import { Server, chatSuite, isState, roundTrip, seesMessage, seesPeople } from './helpers.js';

const LEEWAY = 30; // seconds for which the server takes a token that has run out

const chat = chatSuite();
const secret = randomBytes(32).toString('hex');
let folder;
let server;

before(async () => {
  folder = await mkdtemp(joinPath(tmpdir(), 'chat-browser-'));
  const file = joinPath(folder, 'secret');
  await writeFile(file, secret, { mode: 0o600 });
  server = await Server.start({ args: ['--jwt-secret-file', file] });
});

after(async () => {
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

// HS256 (RFC 7515, appendix A.1), for so many seconds.
function token(sub, seconds = 600) {
  const part = data => Buffer.from(JSON.stringify(data)).toString('base64url');
  const exp = Math.floor(Date.now() / 1_000) + seconds;
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub, exp })}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

// Follows a link with a token, and takes it.
async function offer(page, given) {
  await page.evaluate(value => {
    location.hash = `token=${value}`;
  }, given);
  await page.click('#use-token');
}

// A page that came by a link with a token.
async function holder(given) {
  const page = await chat.visitor({}, server);
  await offer(page, given);
  await page.click('#connect');
  return page;
}

test('who brings a token talks under its name, in rooms too', async () => {
  const alice = await holder(token('Alice'));
  await isState(alice, 'online');
  assert.equal(await alice.inputValue('#username'), 'Alice');
  const ming = await holder(token('小明'));
  await seesPeople(alice, ['Alice', '小明']);
  for (const page of [alice, ming]) {
    await page.fill('#room', 'cpp');
    await page.press('#room', 'Enter');
    await page.getByRole('tab', { name: 'cpp' }).waitFor();
  }
  await seesPeople(alice, ['Alice', '小明']);
  await roundTrip(ming, [alice], '大家好');
});

test('who brings none is asked for one, and let in with it', async () => {
  const page = await chat.visitor({}, server);
  await page.fill('#username', 'Alice');
  await page.click('#connect');
  await isState(page, 'closed');
  assert.match(await page.locator('#reason').textContent(), /This server asks for a token/);
  await page.fill('#token', token('Bob'));
  await page.press('#token', 'Enter');
  await page.locator('#reason').filter({ hasText: 'The token is for “Bob”' }).waitFor();
  await page.fill('#token', token('Alice'));
  await page.press('#token', 'Enter');
  await isState(page, 'online');
});

test('a token that runs out ends the connection with that explanation, and it stays ended', async () => {
  const page = await holder(token('Alice', 8 - LEEWAY));
  await seesMessage(page, 'Welcome to the chat, Alice!', '.system');
  await isState(page, 'closed');
  assert.match(await page.locator('#reason').textContent(), /Your token has expired/);
  await page.evaluate(() => window.dispatchEvent(new Event('online')));
  assert.equal(await page.evaluate(() => window.sockets.length), 1);
});

test('a new token in the address renews the connection before the old one runs out', async () => {
  const page = await holder(token('Alice', 20 - LEEWAY));
  await isState(page, 'online');
  await offer(page, token('Mallory'));
  await seesMessage(page, 'The new token is not valid; the old one stays', '.error');
  await offer(page, token('Alice', 3_600));
  await seesMessage(page, 'Your token was renewed: 60 minutes left', '.system');
  await roundTrip(page, [], 'still here');
  assert.equal(await page.evaluate(() => window.sockets.length), 1);
});

test('a server that needs no token lets in who brings one', async () => {
  const page = await chat.visitor();
  await offer(page, token('Alice'));
  await page.click('#connect');
  await isState(page, 'online');
});
