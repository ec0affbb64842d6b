// The page among thousands: it stays small, does its work once for many, and answers its reader.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chatSuite, join, names, seesMessage } from '../helpers.js';
import { roomsOf, standIn, welcome } from '../stand_in.js';

const LISTED = 200; // items of a list
const KEPT = 1_000; // messages of a log
const PEOPLE = Array.from({ length: 10_000 }, (_, index) => `person ${String(index).padStart(5, '0')}`);
const ROOMS = Array.from({ length: 16_000 }, (_, index) => ({
  room: `room ${String(index).padStart(5, '0')}`,
  member_count: 1 + (index % 7),
}));

const chat = chatSuite();
const { visitor } = chat;

async function crowded(context = {}, options = {}) {
  const page = await visitor(context);
  const server = await standIn(page, {
    open: send => send(welcome('Alice', ['Alice', ...PEOPLE])),
    answer: roomsOf(),
    rooms: ROOMS,
    ...options,
  });
  await join(page, 'Alice');
  await page.locator('#room-list .room').first().waitFor({ state: 'attached' });
  return { page, server };
}

// Puts frames into the page, so many a frame of the screen, as a fast server would.
function flood(page, what, total, perFrame) {
  return page.evaluate(
    ([kind, count, step]) => {
      const make = {
        messages: number => ({ type: 'message', username: `Bob ${number % 97}`, message: `line ${number}` }),
        joins: number => ({ type: 'system', event: 'join', username: `new ${number}`, message: 'x' }),
        leaves: number => ({ type: 'system', event: 'leave', username: `new ${number}`, message: 'x' }),
        rooms: number => ({
          type: 'system',
          event: number % 2 ? 'leave' : 'join',
          username: 'Bob',
          room: 'mine',
          member_count: 1 + ((number + 1) % 2),
          message: 'x',
        }),
      }[kind];
      const send = frame =>
        window.sockets
          .at(-1)
          .dispatchEvent(new MessageEvent('message', { data: JSON.stringify(frame) }));
      let number = 0;
      return new Promise(resolve => {
        const timer = setInterval(() => {
          for (let sent = 0; sent < step && number < count; sent += 1) send(make((number += 1)));
          if (number < count) return;
          clearInterval(timer);
          requestAnimationFrame(() => requestAnimationFrame(resolve));
        }, 16);
      });
    },
    [what, total, perFrame],
  );
}

// Counts how often items are put into or taken out of a list from here on.
function watchList(page, list) {
  return page.evaluate(selector => {
    window.changes = 0;
    new MutationObserver(records => {
      window.changes += records.length;
    }).observe(document.querySelector(selector), { childList: true });
  }, list);
}

// What the page's thread does from here on: layouts, and seconds of processor time, to which other
// programs don't add.
async function stopwatch(page) {
  const session = await page.context().newCDPSession(page);
  await session.send('Performance.enable', { timeDomain: 'threadTicks' });
  const read = async () => {
    const { metrics } = await session.send('Performance.getMetrics');
    const value = wanted => metrics.find(({ name }) => name === wanted).value;
    return { seconds: value('TaskDuration'), layouts: value('LayoutCount') };
  };
  const begun = await read();
  return async () => {
    const { seconds, layouts } = await read();
    return { seconds: seconds - begun.seconds, layouts: layouts - begun.layouts };
  };
}

// The time from a key's event to the next frame, in milliseconds: the median of so many.
async function answers(page, count = 15) {
  await page.evaluate(() => {
    window.waits = [];
    document.querySelector('#text').addEventListener('input', event => {
      requestAnimationFrame(() => {
        const channel = new MessageChannel();
        channel.port1.onmessage = () => window.waits.push(performance.now() - event.timeStamp);
        channel.port2.postMessage(null);
      });
    });
  });
  for (let key = 1; key <= count; key += 1) {
    await page.press('#text', 'x');
    await page.waitForFunction(number => window.waits.length >= number, key);
  }
  const waits = await page.evaluate(() => window.waits);
  return waits.sort((a, b) => a - b)[count >> 1];
}

function items(page, list) {
  return page.locator(`${list} > li`).count();
}

for (const [device, context] of [
  ['a wide window', { viewport: { width: 1_000, height: 700 } }],
  ['a phone', { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true }],
]) {
  test(`of 16,000 rooms and 10,000 people the first are listed, in ${device}`, async () => {
    const { page } = await crowded(context);
    if (context.isMobile) await page.tap('#show-rooms');
    assert.equal(await items(page, '#room-list'), LISTED);
    assert.equal(await page.locator('#rooms-more').textContent(), 'and 15800 more');
    assert.equal(await items(page, '#users'), LISTED);
    assert.equal(await page.locator('#people-more').textContent(), 'and 9801 more');
    assert.equal(await page.locator('#people-title').textContent(), 'Online (10001)');
    const outside = await page.evaluate(() =>
      ['#send', '#text', '#find-person', '#people-more', '#rooms-more', '#room', '#disconnect']
        .map(part => document.querySelector(part).getBoundingClientRect())
        .filter(box => !box.width || box.left < 0 || box.right > innerWidth || box.bottom > innerHeight),
    );
    assert.deepEqual(outside, []);
    assert.ok((await page.evaluate(() => document.querySelectorAll('*').length)) < 3_000);
  });
}

test('anybody and any room is found by a part of the name', async () => {
  const { page, server } = await crowded();
  await page.fill('#find-person', 'ＳＯＮ 0987');
  await page.locator('#users button').filter({ hasText: 'person 09871' }).waitFor();
  assert.equal(await items(page, '#users'), 10);
  assert.equal(await page.locator('#people-more').isVisible(), false);
  await page.locator('#users button').filter({ hasText: 'person 09871' }).click();
  await page.locator('#target').filter({ hasText: 'person 09871' }).waitFor();
  await page.fill('#room', 'Room 1234');
  await page.locator('#room-list button').filter({ hasText: 'room 12345' }).click();
  await page.getByRole('tab', { name: 'room 12345' }).waitFor();
  assert.equal(await page.inputValue('#room'), '');
  assert.equal(await items(page, '#room-list'), LISTED);
  await page.fill('#room', 'no such room');
  await page.locator('#rooms-note').filter({ hasText: 'Press Open to create it' }).waitFor();
  await page.press('#room', 'Enter');
  await page.getByRole('tab', { name: 'no such room' }).waitFor();
  assert.equal(server.received.filter(({ type }) => type === 'join').length, 2);
});

test('the rooms with the most members are listed, in the order of their names', async () => {
  const { page } = await crowded();
  const names = await page.locator('#room-list .room-name').allTextContents();
  assert.deepEqual(names, names.toSorted());
  const counts = await page.locator('#room-list .count').allTextContents();
  assert.deepEqual([...new Set(counts)], ['7']);
});

test('a list that the server cut says how many more there are', async () => {
  const { page, server } = await crowded({}, {
    open: send =>
      send({ ...welcome('Alice', ['Alice', ...PEOPLE.slice(0, 149)]), connected_count: 5_000 }),
  });
  assert.equal(await page.locator('#people-more').textContent(), 'and 4850 more');
  assert.equal(await page.locator('#people-title').textContent(), 'Online (5000)');
  server.send({ type: 'system', event: 'leave', username: 'a stranger', message: 'x' });
  await page.locator('#people-more').filter({ hasText: 'and 4849 more' }).waitFor();
  await page.unroute('**/rooms');
  await page.route('**/rooms', route =>
    route.fulfill({ json: { rooms: ROOMS.slice(0, 50), room_count: 900, next: 'room 00050' } }),
  );
  server.close({ code: 1012 });
  await page.locator('#rooms-more').filter({ hasText: 'and 850 more' }).waitFor();
});

test('who comes and who goes is told together, and who went unnamed is asked for', async () => {
  const few = PEOPLE.slice(0, 200);
  let here = ['Alice', ...few];
  const { page, server } = await crowded({}, {
    open: send => send({ ...welcome('Alice', here), connected_count: 5_000 }),
    answer: (frame, send) => {
      roomsOf()(frame, send);
      if (frame.type === 'who') send({ type: 'users', users: here, connected_count: 4_000 });
    },
  });
  await page.clock.install();
  const title = page.locator('#people-title');
  await title.filter({ hasText: '5000' }).waitFor();
  const presence = { type: 'system', event: 'presence', message: 'x' };
  server.send({ ...presence, joined: ['new'], joined_count: 3, left: [few[0]], left_count: 1, connected_count: 5_002 });
  await seesMessage(page, '3 joined and 1 left', '.system');
  await title.filter({ hasText: '5002' }).waitFor();
  assert.ok(!server.received.some(({ type }) => type === 'who'));
  await page.fill('#find-person', 'new');
  await page.locator('#users .person').filter({ hasText: 'new' }).waitFor();
  const asked = server.next('who');
  here = ['Alice', ...few.slice(100)];
  server.send({ ...presence, joined: [], joined_count: 0, left: [few[1]], left_count: 1_002, connected_count: 4_000 });
  await seesMessage(page, '1002 left', '.system');
  await page.clock.runFor(10_000);
  assert.deepEqual(await asked, { type: 'who' });
  await title.filter({ hasText: '4000' }).waitFor();
  assert.ok(!(await names(page)).includes(few[50]));
});

test('a thousand messages a second leave the page small and its reader served', async () => {
  const { page } = await crowded();
  const spent = await stopwatch(page);
  const fed = flood(page, 'messages', 4_000, 16);
  const wait = await answers(page);
  await fed;
  await seesMessage(page, 'line 4000');
  const { seconds, layouts } = await spent();
  assert.equal(await page.locator('#messages > *').count(), KEPT);
  assert.ok(layouts < 1_000, `${layouts} layouts for 4,000 messages`);
  assert.ok(seconds < 8, `4,000 messages took ${seconds.toFixed(2)} s of processor time`);
  assert.ok(wait < 500, `a key is answered after ${wait.toFixed(0)} ms`);
});

for (const [what, list, most] of [
  ['joins', '#users', 6_000],
  ['leaves', '#users', 0],
  ['rooms', '#room-list', 10],
]) {
  test(`a thousand notices of ${what} a second do not make the lists anew`, async () => {
    const { page, server } = await crowded();
    server.send({ type: 'joined', room: 'mine', members: ['Alice'], member_count: 1 });
    await page.getByRole('tab', { name: 'mine' }).waitFor();
    await watchList(page, list);
    const spent = await stopwatch(page);
    const fed = flood(page, what, 3_000, 16);
    const wait = await answers(page);
    await fed;
    const { seconds } = await spent();
    const changes = await page.evaluate(() => window.changes);
    assert.ok(changes <= most, `${changes} changes of the list`);
    assert.ok(seconds < 8, `3,000 notices took ${seconds.toFixed(2)} s of processor time`);
    assert.ok(wait < 500, `a key is answered after ${wait.toFixed(0)} ms`);
    assert.equal(await items(page, list), LISTED);
  });
}
