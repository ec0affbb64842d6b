// What the page makes of refusals: each is said where it belongs, and no text is lost.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chatSuite, isState, join, say, seesMessage } from './helpers.js';
import { roomsOf, standIn, welcome } from './stand_in.js';

const chat = chatSuite();
const { visitor } = chat;

// A page at a stand-in that answers as `refuse` says, else lets into every room.
async function guest(refuse = () => undefined) {
  const page = await visitor();
  const server = await standIn(page, {
    answer: (frame, send) => {
      const error = refuse(frame);
      if (error) send({ type: 'error', message: 'for people', ...error });
      else roomsOf()(frame, send);
    },
  });
  await join(page, 'Alice');
  await page.locator('body.has-rooms').waitFor();
  return { page, server };
}

async function openRoom(page, name) {
  await page.fill('#room', name);
  await page.press('#room', 'Enter');
}

function shownRoom(page, name) {
  return page.locator('[role=tab][aria-selected=true]').filter({ hasText: name }).waitFor();
}

function hint(page, text) {
  return page.locator('#hint').filter({ hasText: text }).waitFor();
}

function texts(server) {
  return server.received.filter(frame => frame.type === 'message').map(({ message }) => message);
}

// From here on the page's time moves only by clock.runFor.
async function stopClock(page) {
  await page.clock.install({ time: 0 });
  await page.clock.pauseAt(1_000);
}

for (const [code, said] of [
  ['invalid_room', 'This cannot be the name of a room: 1 to 32 visible characters are needed.'],
  ['too_many_rooms', 'You are in too many rooms. Leave one first.'],
]) {
  test(`${code} is said at the field for a room's name, which keeps it`, async () => {
    const { page } = await guest(({ type, room }) => type === 'join' && { code, room });
    await openRoom(page, 'cpp');
    await page.locator('#room-problem').filter({ hasText: said }).waitFor();
    assert.equal(await page.inputValue('#room'), 'cpp');
    assert.equal(await page.getAttribute('#room', 'aria-invalid'), 'true');
    assert.equal(await page.getByRole('tab').count(), 1);
    await page.fill('#room', 'c');
    assert.equal(await page.locator('#room-problem').isVisible(), false);
  });
}

test('not_in_room gives the text back in that room, which is joined again', async () => {
  let lost = false;
  const { page, server } = await guest(
    ({ type, room }) => lost && type === 'message' && { code: 'not_in_room', room },
  );
  await openRoom(page, 'cpp');
  await shownRoom(page, 'cpp');
  lost = true;
  await say(page, 'is anybody there?');
  const failed = await seesMessage(page, 'is anybody there?', '.failed');
  assert.match(await failed.textContent(), /Not delivered: you are not in the room cpp/);
  await seesMessage(page, 'You are back in the room cpp', '.system');
  assert.equal(await page.inputValue('#text'), 'is anybody there?');
  assert.equal(await page.locator('#messages .failed').count(), 0);
  lost = false;
  await page.press('#text', 'Enter');
  await seesMessage(page, 'is anybody there?', '.user');
  assert.equal(server.received.filter(({ type }) => type === 'join').length, 2);
});

test('a message that was too fast is sent again by itself after the wait', async () => {
  let limited = true;
  const { page, server } = await guest(
    ({ type }) => limited && type === 'message' && { code: 'rate_limited', retry_after_ms: 2_400 },
  );
  await stopClock(page);
  await say(page, 'too fast');
  const waiting = await seesMessage(page, 'too fast', '.pending');
  await waiting.filter({ hasText: 'Too fast: will be sent again soon' }).waitFor();
  assert.equal(await page.inputValue('#text'), '');
  limited = false;
  await say(page, 'behind it');
  await page.clock.runFor(2_300);
  assert.deepEqual(texts(server), ['too fast']);
  await page.clock.resume();
  await seesMessage(page, 'behind it', '.user');
  assert.deepEqual(texts(server), ['too fast', 'too fast', 'behind it']);
  const [first, again] = server.received.filter(({ type }) => type === 'message');
  assert.equal(again.id, first.id);
  assert.equal(await page.locator(':is(.pending, .failed)').count(), 0);
});

test('of several messages that were too fast, none is lost and none overtakes', async () => {
  const refused = new Set();
  const { page } = await guest(({ message }) => {
    if (!/^[bc]$/.test(message) || refused.has(message)) return undefined;
    refused.add(message);
    return { code: 'rate_limited', retry_after_ms: 100 };
  });
  await page.evaluate(() => {
    const field = document.querySelector('#text');
    for (const text of ['a', 'b', 'c', 'd']) {
      field.value = text;
      document.querySelector('#composer').requestSubmit();
    }
    field.value = 'next';
  });
  await seesMessage(page, 'd', '.user');
  assert.deepEqual(await page.locator('.user .body').allTextContents(), ['a', 'b', 'c', 'd']);
  assert.equal(await page.locator('.failed').count(), 0);
  assert.equal(await page.inputValue('#text'), 'next');
});

test('a join that was too fast is tried again after the wait', async () => {
  let limited = true;
  const { page, server } = await guest(
    ({ type }) => limited && type === 'join' && { code: 'rate_limited', retry_after_ms: 900 },
  );
  await stopClock(page);
  await openRoom(page, 'cpp');
  await page.locator('#room-problem').filter({ hasText: 'Trying again in 1 s' }).waitFor();
  limited = false;
  await page.clock.runFor(1_000);
  await shownRoom(page, 'cpp');
  assert.equal(await page.locator('#room-problem').isVisible(), false);
  assert.equal(server.received.filter(({ type }) => type === 'join').length, 2);
});

test('text_too_long gives the text back with the limit, which is then kept to', async () => {
  const { page, server } = await guest(
    ({ message }) => message?.length > 20 && { code: 'text_too_long', limit: 20 },
  );
  const counter = page.locator('#counter');
  await page.fill('#text', 'x'.repeat(25));
  assert.equal(await counter.isVisible(), false);
  await page.press('#text', 'Enter');
  await hint(page, '25 characters of at most 20');
  assert.equal(await page.inputValue('#text'), 'x'.repeat(25));
  assert.equal(await counter.textContent(), '25 of 20 characters');
  await page.fill('#text', '👋'.repeat(21));
  await page.press('#text', 'Enter');
  await hint(page, '21 characters of at most 20');
  assert.equal(texts(server).length, 1);
  await page.fill('#text', 'x'.repeat(18));
  assert.equal(await counter.isVisible(), false);
  await page.fill('#text', 'x'.repeat(19));
  assert.equal(await counter.textContent(), '19 of 20 characters');
  await page.press('#text', 'Enter');
  await seesMessage(page, 'x'.repeat(19), '.user');
  assert.equal(await counter.isVisible(), false);
});

test('a server that takes longer texts than is usual may have them', async () => {
  const { page } = await guest();
  await page.fill('#text', 'x'.repeat(4_200));
  assert.equal(await page.locator('#counter').textContent(), '4200 of 4000 characters');
  await page.press('#text', 'Enter');
  await seesMessage(page, 'xxx', '.user');
  await page.fill('#text', 'x'.repeat(4_200));
  assert.equal(await page.locator('#counter').isVisible(), false);
});

// What a page says and does when its connection ends; `min` and `max` bound the wait, in ms.
for (const [reason, said, min, max] of [
  ['Server is full', /server is full/, 5_000, 10_000],
  ['Too many connections', /from your network/, 5_000, 10_000],
  ['Rate limit exceeded', /too much for too long/, 5_000, 10_000],
]) {
  test(`"${reason}" is explained and tried again slowly, unless the reader asks`, async () => {
    const page = await visitor();
    const server = await standIn(page, {
      open: (send, socket, count) =>
        count < 3 ? socket.close({ code: 1008, reason }) : send(welcome()),
    });
    await stopClock(page);
    await page.fill('#username', 'Alice');
    await page.click('#connect');
    await isState(page, 'waiting');
    assert.match(await page.locator('#reason').textContent(), said);
    await page.evaluate(() => window.dispatchEvent(new Event('online')));
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await page.clock.runFor(min - 1);
    assert.equal(server.connections, 1);
    await page.clock.runFor(max - min + 2);
    assert.equal(server.connections, 2);
    await isState(page, 'waiting');
    await page.click('#retry');
    await isState(page, 'online');
    assert.equal(server.connections, 3);
  });
}
