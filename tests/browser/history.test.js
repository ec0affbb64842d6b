// What was said before and meanwhile: it is shown in its place, and what is missing is said.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bodies,
  chatSuite,
  isState,
  join,
  roundTrip,
  say,
  seesMessage,
  seesPeople,
  Server,
} from './helpers.js';
import { lineTo } from './line.js';

const chat = chatSuite();
const { member, visitor } = chat;

async function onALine(name, page) {
  page ??= await visitor();
  chat.hasTalked = true;
  const line = await lineTo(page);
  await join(page, name);
  return { page, line };
}

// Says all of it at once, from a connection without limits in the way: `texts` are of the lobby.
function speak(page, name, frames) {
  return page.evaluate(([user, list]) => new Promise((done, failed) => {
    const socket = new WebSocket(`ws://${location.host}/ws/chat/${user}`);
    let left = list.length;
    socket.onerror = failed;
    socket.onclose = event => failed(new Error(`closed: ${event.code}`));
    socket.onmessage = ({ data }) => {
      const { type, event, room } = JSON.parse(data);
      if (type === 'error') failed(new Error(data));
      if (event === 'welcome') {
        for (const frame of list) socket.send(JSON.stringify(frame));
      }
      if (type === 'joined' || type === 'ack' || type === 'confirmation') left -= 1;
      if (left > 0) return;
      socket.onclose = done;
      socket.close();
    };
  }), [name, frames.map((frame, index) => ({ type: 'message', id: `${index}-${Math.random()}`, ...frame }))]);
}

function lines(first, last, more = {}) {
  return Array.from({ length: last - first + 1 }, (_, index) =>
    ({ message: `line ${first + index}`, ...more }));
}

async function withServer(args, use) {
  const server = await Server.start({ args: ['--message-rate', '0', ...args] });
  try {
    await use(server);
  } finally {
    await server.stop();
  }
}

// Two frames on, what arrived is shown and what scrolled has been told.
function shown(page) {
  return page.evaluate(
    () => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  );
}

// The lines in the log, and what is between them.
function log(page) {
  return page.locator('.panel:not([hidden]) .messages > :not(.system)').evaluateAll(all =>
    all.map(one => (one.querySelector('.body') ?? one.querySelector('span')).textContent));
}

function sees(page, text) {
  return page.locator('.line').filter({ hasText: text }).waitFor();
}

test('who comes later sees what was said before, above their welcome', async () => {
  const alice = await member('Alice');
  await roundTrip(alice, [], 'first');
  await roundTrip(alice, [], 'second');
  const bob = await member('Bob');
  await seesMessage(bob, 'second');
  await roundTrip(bob, [alice], 'third');
  for (const page of [alice, bob]) assert.deepEqual(await log(page), ['first', 'second', 'third']);
  const order = await bob.locator('#messages > *').allTextContents();
  assert.ok(order.findIndex(text => text.includes('second'))
    < order.findIndex(text => text.includes('Welcome to the chat, Bob')));
  await alice.reload();
  await alice.click('#connect');
  await seesMessage(alice, 'third');
  assert.deepEqual(await log(alice), ['first', 'second', 'third']);
});

test('what was missed is filled in, in the lobby, a room, and the inbox', async () => {
  const { page: alice, line } = await onALine('Alice');
  const again = await member('Alice');
  for (const page of [alice, again]) {
    await page.fill('#room', 'cpp');
    await page.press('#room', 'Enter');
    await page.getByRole('tab', { name: 'cpp' }).waitFor();
  }
  await roundTrip(again, [alice], 'known in cpp');
  await alice.getByRole('tab', { name: 'Lobby' }).click();
  await line.cut();
  await speak(again, 'Bob', [
    { message: 'one', timestamp: '2026-03-01T12:00:01Z' },
    { message: 'psst', timestamp: '2026-03-01T12:00:02Z', target_user: 'Alice' },
    { message: 'two', timestamp: '2026-03-01T12:00:03Z' },
    { type: 'join', room: 'cpp' }, { message: 'in the room', room: 'cpp' },
  ]);
  await line.restore();
  await sees(alice, 'While you were away (3)');
  const day = 'Sunday, March 1, 2026';
  assert.deepEqual(await log(alice), ['While you were away (3)', day, 'one', 'psst', 'two']);
  assert.deepEqual(await bodies(alice, '.private'), ['psst']);
  await alice.getByRole('tab', { name: 'cpp, 1 unread' }).click();
  assert.deepEqual(await log(alice), ['known in cpp', 'While you were away (1)', 'in the room']);
  await seesMessage(alice, 'You are back in the room cpp', '.system');
  await line.cut();
  await line.restore();
  await roundTrip(alice, [again], 'nothing was missed');
  assert.equal(await alice.locator('.line.away').count(), 2);
});

test('what comes above a hole waits until the hole is filled', async () => {
  const { page: alice, line } = await onALine('Alice');
  const bob = await member('Bob');
  line.losesFromServer = ({ message }) => message === 'two';
  for (const text of ['one', 'two', 'three']) await roundTrip(bob, [], text);
  await roundTrip(bob, [alice], 'four');
  assert.deepEqual(await log(alice), ['one', 'two', 'three', 'four']);
  assert.equal(line.fromPage.filter(({ type, since }) => type === 'history' && since).length, 1);
});

test('a server that forgot its log is a gap, and what it has is found by a button', () =>
  withServer([], async server => {
    const alice = await member('Alice', {}, server);
    await roundTrip(alice, [], 'of the old log');
    await server.stop();
    await isState(alice, 'waiting');
    // Somebody else is quicker to come back, and has a lot to say.
    await alice.evaluate(() => { Math.random = () => 1; });
    await alice.click('#disconnect');
    const other = await Server.start({ port: server.port, args: ['--message-rate', '0'] });
    Object.assign(server, other);
    await speak(alice, 'Bob', lines(1, 70));
    await alice.click('#connect');
    await sees(alice, 'Messages may be missing here');
    await seesMessage(alice, 'line 70');
    const away = 'While you were away (50)';
    const gap = 'Messages may be missing here';
    const texts = (first, last) => lines(first, last).map(({ message }) => message);
    assert.deepEqual(await log(alice), ['of the old log', away, gap, ...texts(21, 70)]);
    await alice.getByRole('button', { name: 'Look for older messages' }).click();
    await seesMessage(alice, 'line 1');
    assert.deepEqual(await log(alice), ['of the old log', away, gap, ...texts(1, 70)]);
    assert.equal(await alice.getByRole('button', { name: 'Look for older' }).count(), 0);
    await alice.close();
  }));

test('messages that are no longer kept are a gap', () =>
  withServer([], async server => {
    const page = await visitor({}, server);
    const { line } = await onALine('Alice', page);
    const other = await visitor({}, server);
    await speak(other, 'Bob', lines(1, 5));
    await seesMessage(page, 'line 5');
    await line.cut();
    await speak(other, 'Bob', lines(6, 1_205));
    await line.restore();
    await sees(page, 'Messages may be missing here');
    await seesMessage(page, 'line 1205');
    await page.getByRole('button', { name: 'Look for older messages' }).click();
    await seesMessage(page, 'line 1106');
    const [first, ...found] = (await bodies(page)).slice(5).map(text => Number(text.slice(5)));
    assert.ok(first > 6 && first <= 1_205 - 99, `the gap ends at ${first}`);
    assert.deepEqual(found, Array.from({ length: 1_205 - first }, (_, index) => first + 1 + index));
    await page.close();
  }));

test('scrolling up loads what is older, in order, and the view stays where it is', () =>
  withServer([], async server => {
    const page = await visitor({}, server);
    await speak(page, 'Bob', lines(1, 180));
    await join(page, 'Alice');
    await seesMessage(page, 'line 180');
    const messages = page.locator('#messages');
    assert.equal((await bodies(page)).length, 50);
    for (const first of [81, 31, 1]) {
      const before = await messages.evaluate(log => {
        log.scrollTop = 100;
        const { top } = log.getBoundingClientRect();
        const read = [...log.children].find(one => one.getBoundingClientRect().bottom > top);
        window.read = read;
        return read.getBoundingClientRect().top;
      });
      await page.locator('.body', { hasText: new RegExp(`^line ${first}$`) }).waitFor({ state: 'attached' });
      await shown(page);
      const after = await page.evaluate(() => window.read.getBoundingClientRect().top);
      assert.ok(Math.abs(after - before) < 2, `it moved by ${after - before} pixels`);
    }
    assert.deepEqual(await bodies(page), lines(1, 180).map(({ message }) => message));
    const asked = () => page.evaluate(() => window.sentFrames.filter(({ type }) => type === 'history').length);
    const before = await asked();
    await messages.evaluate(log => { log.scrollTop = 500; });
    await shown(page);
    await messages.evaluate(log => { log.scrollTop = 0; });
    await shown(page);
    assert.equal(await asked(), before, 'there is nothing older to ask for');
    await page.close();
  }));

test('a reader who looks far back keeps the page small, and finds the newest again', () =>
  withServer(['--history-messages', '2000'], async server => {
    const page = await visitor({}, server);
    await speak(page, 'Bob', lines(1, 1_300));
    await join(page, 'Alice');
    await seesMessage(page, 'line 1300');
    const messages = page.locator('#messages');
    for (let first = 1_201; first > 0; first -= 50) {
      await messages.evaluate(log => { log.scrollTop = 100; });
      await page.locator('.body', { hasText: new RegExp(`^line ${first}$`) }).waitFor({ state: 'attached' });
      await messages.evaluate(log => { log.scrollTop = 400; });
      await shown(page);
    }
    assert.ok((await messages.locator('> *').count()) <= 1_000);
    const numbers = async () => (await bodies(page)).map(text => Number(text.slice(5)));
    assert.equal((await numbers())[0], 1);
    for (let round = 0; (await numbers()).at(-1) !== 1_300; round += 1) {
      assert.ok(round < 20);
      await messages.evaluate(log => { log.scrollTop = log.scrollHeight; });
      await shown(page);
    }
    const found = await numbers();
    assert.deepEqual(found, found.map((_, index) => 1_301 - found.length + index));
    await page.close();
  }));

test('a day that begins is said between the messages', async () => {
  const page = await visitor({ timezoneId: 'Asia/Taipei' });
  chat.hasTalked = true;
  await speak(page, 'Bob', [
    { message: 'late', timestamp: '2026-03-01T15:59:00Z' },
    { message: 'after midnight', timestamp: '2026-03-01T16:01:00Z' },
    { message: 'at noon', timestamp: '2026-03-02T04:00:00Z' },
  ]);
  await join(page, 'Alice');
  await seesMessage(page, 'at noon');
  await roundTrip(page, [], 'today');
  const today = await page.evaluate(() =>
    new Intl.DateTimeFormat('en', { dateStyle: 'full' }).format(new Date()));
  assert.deepEqual(await log(page), [
    'Sunday, March 1, 2026', 'late', 'Monday, March 2, 2026', 'after midnight', 'at noon', today, 'today',
  ]);
  await page.click('#language');
  await sees(page, '2026年3月2日');
});

test('a page that is loaded anew says where its reader had stopped, and finds its inbox', async () => {
  const { page: alice, line } = await onALine('Alice');
  const bob = await member('Bob');
  await speak(bob, 'Carol', [{ message: 'psst', target_user: 'Alice' }]);
  await roundTrip(bob, [alice], 'seen');
  await seesMessage(alice, 'psst');
  await line.cut();
  await roundTrip(bob, [], 'not seen');
  await alice.reload();
  line.isUp = true;
  await alice.click('#connect');
  await sees(alice, 'While you were away (1)');
  assert.deepEqual(await log(alice), ['psst', 'seen', 'While you were away (1)', 'not seen']);
});
