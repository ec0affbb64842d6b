// What becomes of a message that the server does not take, or of which nothing is heard.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodies, chatSuite, isState, join, say, seesMessage } from './helpers.js';
import { append, logStandIn, makeLog, said, whispered } from './log_stand_in.js';
import { standIn, welcome } from './stand_in.js';

const chat = chatSuite();
const { visitor } = chat;

async function atALog(options, logs = { lobby: makeLog('e', 0) }) {
  const page = await visitor();
  const server = await logStandIn(page, logs, options);
  await join(page, 'Alice');
  return { page, server };
}

function messages(server) {
  return server.received.filter(({ type }) => type === 'message');
}

function button(message, name) {
  return message.getByRole('button', { name });
}

test('a message that is refused for good says why, and is sent again or discarded', async () => {
  let isClosed = true;
  const { page, server } = await atALog({
    refuse: () => isClosed && { code: 'of_tomorrow', message: 'Not on Sundays', retry: false },
  });
  await page.fill('#text', 'work');
  await page.press('#text', 'Enter');
  const failed = await seesMessage(page, 'work', '.failed');
  assert.match(await failed.textContent(), /Not on Sundays/);
  await page.fill('#text', '');
  await page.reload();
  await page.click('#connect');
  await isState(page, 'online');
  await button(failed, 'Send again').click();
  await failed.filter({ hasText: 'Not on Sundays' }).waitFor();
  isClosed = false;
  await button(failed, 'Send again').click();
  await seesMessage(page, 'work', '.user');
  assert.deepEqual(messages(server).map(({ message }) => message), ['work', 'work', 'work']);
  isClosed = true;
  await say(page, 'more work');
  await page.fill('#text', '');
  await button(await seesMessage(page, 'more work', '.failed'), 'Discard').click();
  await page.reload();
  await page.click('#connect');
  await seesMessage(page, 'work', '.user');
  assert.deepEqual(await bodies(page), ['work']);
});

test('what is written anew is sent in the stead of what failed', async () => {
  const { page } = await atALog({
    refuse: ({ message }) => message.length > 5 && { code: 'text_too_long', limit: 5, retry: false },
  });
  await say(page, 'much too long');
  await seesMessage(page, 'much too long', '.failed');
  assert.equal(await page.inputValue('#text'), 'much too long');
  await say(page, 'short');
  await seesMessage(page, 'short', '.user');
  assert.deepEqual(await bodies(page), ['short']);
});

test('a server that cannot store is asked again by itself, and nothing overtakes', async () => {
  let isFull = true;
  const { page, server } = await atALog({
    refuse: () => isFull && { code: 'unavailable', retry: true, retry_after_ms: 50 },
  });
  await say(page, 'one');
  await say(page, 'two');
  const waiting = await seesMessage(page, 'one', '.pending');
  await waiting.filter({ hasText: 'The server cannot store messages right now' }).waitFor();
  isFull = false;
  await seesMessage(page, 'two', '.user');
  assert.deepEqual(await bodies(page), ['one', 'two']);
  assert.equal(new Set(messages(server).map(({ id }) => id)).size, 2);
});

test('an answer that does not come is asked for once more on the same connection', async () => {
  let isSilent = true;
  const { page, server } = await atALog({ silent: () => isSilent });
  await page.clock.install({ time: 0 });
  await page.clock.pauseAt(1_000);
  const sent = server.next('message');
  await say(page, 'hello');
  await sent;
  isSilent = false;
  await page.clock.runFor(25_000);
  await page.clock.resume();
  await seesMessage(page, 'hello', '.user');
  assert.equal(new Set(messages(server).map(({ id }) => id)).size, 1);
  assert.deepEqual(await bodies(page), ['hello']);
});

test('a private message that may be there already is not said twice without being asked', async () => {
  const { page, server } = await atALog();
  await page.evaluate(() => {
    const old = { at: Date.now() - 3_600_000, position: { epoch: 'e', seq: 0 } };
    const entry = { user: 'Alice', room: null, at: old.at, problem: null };
    localStorage.setItem('chat.outbox.dead', JSON.stringify([
      { ...entry, id: 'old-1', text: 'to Bob', target: 'Bob', tried: old },
      { ...entry, id: 'old-2', text: 'to all', target: null, tried: old },
      { ...entry, id: 'old-3', text: 'of Carol', target: null, tried: null, user: 'Carol' },
    ]));
  });
  await page.reload();
  await page.click('#connect');
  const unsure = await seesMessage(page, 'to Bob', '.failed');
  assert.match(await unsure.textContent(), /perhaps not delivered/);
  await seesMessage(page, 'to all', '.user');
  assert.deepEqual(messages(server).map(({ id }) => id), ['old-2']);
  const left = await page.evaluate(() => localStorage.getItem('chat.outbox.dead'));
  assert.deepEqual(JSON.parse(left).map(({ text }) => text), ['of Carol']);
});

test('an old message that turns up in what was missed is not sent again', async () => {
  const lobby = makeLog('e', 0);
  const { page, server } = await atALog({}, { lobby });
  append(lobby, { ...said('once', 'Alice'), id: 'old-1' });
  append(lobby, said('and an answer'));
  await page.evaluate(() => {
    const at = Date.now() - 3_600_000;
    localStorage.setItem('chat.outbox.dead', JSON.stringify([{
      id: 'old-1', text: 'once', user: 'Alice', room: null, target: null, at, problem: null,
      tried: { at, position: { epoch: 'e', seq: 0 } },
    }]));
  });
  await page.reload();
  await page.click('#connect');
  await seesMessage(page, 'and an answer');
  await page.waitForFunction(() => localStorage.getItem('chat.outbox.dead') === null);
  await page.locator('.outbox .message').waitFor({ state: 'detached' });
  assert.deepEqual(await bodies(page), ['once', 'and an answer']);
  assert.deepEqual(messages(server), []);
});

test('older private messages and the lobby are one view, in the order of time', async () => {
  const end = Date.now();
  const lobby = makeLog('e', 120, { end });
  const inbox = makeLog('in', 3, { end: end - 90 * 60_000 + 1_000, make: whispered });
  const { page } = await atALog({}, { lobby, inbox });
  await seesMessage(page, 'line 120');
  assert.equal(await page.locator('.private').count(), 0, 'they are older than what is shown');
  for (const first of [/^line 24$/, /^line 1$/]) {
    await page.locator('#messages').evaluate(log => { log.scrollTop = 100; });
    await page.locator('.other:not(.private) .body', { hasText: first }).waitFor({ state: 'attached' });
    await page.locator('#messages').evaluate(log => { log.scrollTop = 400; });
  }
  const times = await page.locator('#messages .other time')
    .evaluateAll(all => all.map(({ dateTime }) => dateTime));
  assert.equal(times.length, 123);
  assert.deepEqual(times, times.toSorted());
  assert.equal(await page.locator('.private').count(), 3);
});

test('a server that keeps no log gets on with it: what comes back has been sent', async () => {
  const page = await visitor();
  const server = await standIn(page, {
    answer: ({ type, message, target_user: target }, send) => {
      if (type === 'message' && !target) send({ type, message, username: 'Alice' });
    },
  });
  await join(page, 'Alice');
  await say(page, 'to all');
  const own = await seesMessage(page, 'to all', '.user');
  assert.equal(await own.locator('.tick').count(), 0, 'nothing says that it is stored');
  server.send({ type: 'system', event: 'join', username: 'Bob', message: 'x' });
  await page.locator('#users button').filter({ hasText: 'Bob' }).click();
  await say(page, 'to Bob');
  await seesMessage(page, 'to Bob', '.user.private');
  assert.equal(await page.locator('.outbox .message').count(), 0);
  assert.deepEqual(server.received.filter(({ type }) => type === 'history'), []);
  assert.ok(!(await page.evaluate(() => window.sockets.at(-1).url)).includes('?'));
});

test('without a log, what may be lost is for its writer to decide, after a reload, too', async () => {
  const page = await visitor();
  let isDeaf = true;
  const server = await standIn(page, {
    answer: ({ type, message }, send) => {
      if (type === 'message' && !isDeaf) send({ type, message, username: 'Alice' });
    },
  });
  await join(page, 'Alice');
  await say(page, 'swallowed');
  await say(page, 'never sent');
  await page.reload();
  isDeaf = false;
  await page.click('#connect');
  const failed = await seesMessage(page, 'swallowed', '.failed');
  assert.match(await failed.textContent(), /Perhaps not delivered/);
  await seesMessage(page, 'never sent', '.user');
  await button(failed, 'Send again').click();
  await seesMessage(page, 'swallowed', '.user');
  assert.deepEqual(await bodies(page), ['never sent', 'swallowed']);
});

test('a server that keeps a log again is followed from where it is', async () => {
  const page = await visitor();
  let log = null;
  const server = await standIn(page, {
    open: send => send({ ...welcome(), ...(log && { epoch: log, seq: 7, inbox: { epoch: 'i', seq: 0 } }) }),
    answer: (frame, send) => {
      if (frame.type === 'history') send({ type: 'history', epoch: log, seq: 7, messages: [], before: 8 });
    },
  });
  await join(page, 'Alice');
  log = 'e';
  server.close({ code: 1012 });
  await page.waitForFunction(() => window.sockets.length === 2);
  await isState(page, 'online');
  for (const seq of [8, 8, 9]) server.send({ ...said(`number ${seq}`), seq });
  await seesMessage(page, 'number 9');
  assert.deepEqual(await bodies(page), ['number 8', 'number 9']);
  assert.equal(await page.locator('.line').count(), 0);
});
