// Rooms on the page: tabs, unread counts, who is in, who is typing, and coming back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chatSuite, isState, join, names, say, seesMessage, seesPeople } from './helpers.js';
import { roomsOf, standIn, welcome } from './stand_in.js';

const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };

const chat = chatSuite();
const { visitor } = chat;

// A page that is online at a stand-in with rooms.
async function guest(options = {}, context = {}) {
  const page = await visitor(context);
  const server = await standIn(page, { answer: roomsOf(), ...options });
  await join(page, 'Alice');
  await page.locator('body.has-rooms').waitFor();
  return { page, server };
}

async function openRoom(page, name) {
  await page.fill('#room', name);
  await page.press('#room', 'Enter');
  await selectedTab(page, name);
}

function selectedTab(page, name) {
  return page.locator('[role=tab][aria-selected=true]').filter({ hasText: name }).waitFor();
}

function tab(page, name) {
  return page.getByRole('tab', { name, exact: true });
}

function tabs(page) {
  return page
    .getByRole('tab')
    .evaluateAll(list => list.map(one => one.getAttribute('aria-label')));
}

// What the shown conversation's log holds.
function shownBodies(page) {
  return page.locator('.panel:not([hidden]) .message .body').allTextContents();
}

function message(text, room, username = 'Bob') {
  return { type: 'message', username, message: text, ...(room && { room }) };
}

// All that was sent so far, either way, has been received when this returns: frames come in order.
// Without time: what is shown in the next frame may be missing yet.
async function heard(server) {
  const answer = server.next('pong');
  server.send({ type: 'ping' });
  await answer;
}

// The same, and it is shown.
async function settled(page, server) {
  const mark = `mark ${Math.random()}`;
  server.send({ type: 'system', event: 'mark', message: mark });
  await page.waitForFunction(
    text => document.querySelector('#messages').textContent.includes(text),
    mark,
  );
}

function sent(server, type) {
  return server.received.filter(frame => frame.type === type);
}

// Each message has an id of its own, and is else what it says.
function messagesSent(server) {
  return sent(server, 'message').map(({ id, ...message }) => {
    assert.match(id, /^[0-9a-f-]{36}$/);
    return message;
  });
}

test('a server without rooms is a chat without tabs, and is asked for nothing it does not know', async () => {
  const page = await visitor();
  const server = await standIn(page);
  let asked = 0;
  await page.route('**/rooms', route => {
    asked += 1;
    return route.fulfill({ status: 404, json: { detail: 'Not Found' } });
  });
  const answered = page.waitForResponse('**/rooms');
  await join(page, 'Alice');
  await answered;
  await page.locator('#text').pressSequentially('hello');
  await settled(page, server);
  assert.equal(asked, 1);
  assert.equal(await page.getByRole('tab').count(), 0);
  assert.deepEqual(sent(server, 'typing'), []);
  assert.deepEqual(sent(server, 'who'), []);
});

test('a room is opened by its name, has its own messages and people, and is left', async () => {
  const { page, server } = await guest({ answer: roomsOf({ cpp: ['Bob'] }) });
  server.send(message('in the lobby'));
  await seesMessage(page, 'in the lobby');
  await openRoom(page, ' cpp ');
  assert.deepEqual(sent(server, 'join'), [{ type: 'join', room: 'cpp' }]);
  assert.equal(await page.inputValue('#room'), '');
  assert.deepEqual((await names(page)).sort(), ['Alice', 'Bob']);
  assert.equal(await page.locator('#people-title').textContent(), 'In this room (2)');
  await say(page, 'Hello, cpp!');
  await seesMessage(page, 'Hello, cpp!', '.user');
  assert.deepEqual(messagesSent(server), [
    { type: 'message', message: 'Hello, cpp!', room: 'cpp' },
  ]);
  assert.deepEqual(await shownBodies(page), ['Hello, cpp!']);
  await tab(page, 'Lobby').click();
  assert.deepEqual(await shownBodies(page), ['in the lobby']);
  assert.deepEqual(await names(page), ['Alice']);
  await tab(page, 'cpp').click();
  await page.getByRole('button', { name: 'Leave the room cpp' }).click();
  await selectedTab(page, 'Lobby');
  assert.deepEqual(sent(server, 'leave'), [{ type: 'leave', room: 'cpp' }]);
  assert.deepEqual(await tabs(page), ['Lobby']);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'text');
});

test('join and leave notices are told in their room, and change its people', async () => {
  const { page, server } = await guest();
  await openRoom(page, 'cpp');
  const notice = (event, count) => ({
    type: 'system',
    event,
    message: 'x',
    room: 'cpp',
    username: 'Bob',
    member_count: count,
  });
  server.send(notice('join', 2));
  await seesMessage(page, 'Bob joined this room', '.system');
  await seesPeople(page, ['Alice', 'Bob']);
  assert.equal(await page.locator('#room-list .count').textContent(), '2');
  await tab(page, 'Lobby').click();
  assert.deepEqual(await names(page), ['Alice']);
  server.send(notice('leave', 1));
  await settled(page, server);
  await tab(page, 'cpp').click();
  await seesMessage(page, 'Bob left this room', '.system');
  await seesPeople(page, ['Alice']);
});

test('messages in other tabs are counted, announced once, and read by opening the tab', async () => {
  const { page, server } = await guest();
  await openRoom(page, 'cpp');
  await tab(page, 'Lobby').click();
  server.send(message('one', 'cpp'));
  server.send(message('two', 'cpp'));
  server.send(message('here'));
  await settled(page, server);
  assert.deepEqual(await tabs(page), ['Lobby', 'cpp, 2 unread']);
  assert.equal(await page.locator('#announcer').textContent(), 'New messages in cpp');
  assert.deepEqual(await shownBodies(page), ['here']);
  await tab(page, 'cpp, 2 unread').click();
  assert.deepEqual(await tabs(page), ['Lobby', 'cpp']);
  assert.deepEqual(await shownBodies(page), ['one', 'two']);
  server.send({ type: 'private', from: 'Bob', message: 'psst' });
  await settled(page, server);
  assert.deepEqual(await tabs(page), ['Lobby, 1 unread', 'cpp']);
});

test('each tab keeps its draft, and its place in the talk', async () => {
  const { page, server } = await guest();
  await page.fill('#text', 'for the lobby');
  await openRoom(page, 'cpp');
  assert.equal(await page.inputValue('#text'), '');
  for (let line = 1; line <= 60; line += 1) server.send(message(`line ${line}`, 'cpp'));
  await seesMessage(page, 'line 60');
  const log = page.locator('.panel:not([hidden]) .messages');
  const end = () => log.evaluate(one => one.scrollHeight - one.scrollTop - one.clientHeight);
  assert.ok((await end()) < 2);
  await page.fill('#text', 'for the room');
  await log.evaluate(one => {
    one.scrollTop = 100;
  });
  await tab(page, 'Lobby').click();
  assert.equal(await page.inputValue('#text'), 'for the lobby');
  server.send(message('line 61', 'cpp'));
  await settled(page, server);
  await tab(page, 'cpp, 1 unread').click();
  assert.equal(await log.evaluate(one => one.scrollTop), 100);
  assert.equal(await page.inputValue('#text'), 'for the room');
  assert.equal(await page.locator('#newer').textContent(), '↓ New messages (1)');
  await page.click('#newer');
  assert.ok((await end()) < 2);
});

test('the list shows the rooms of the server and opens them', async () => {
  const { page } = await guest({
    rooms: [
      { room: 'cpp', member_count: 3 },
      { room: '午餐 & <b>', member_count: 1 },
    ],
  });
  const list = page.getByRole('list', { name: 'Rooms' });
  assert.deepEqual(await list.locator('.room-name').allTextContents(), ['午餐 & <b>', 'cpp'].sort(
    new Intl.Collator('en-US').compare,
  ));
  await list.getByRole('button', { name: '午餐 & <b>' }).click();
  await selectedTab(page, '午餐 & <b>');
  assert.equal(await page.locator('.app b').count(), 0);
  await tab(page, 'Lobby').click();
  await list.getByRole('button', { name: '午餐 & <b>' }).click();
  await selectedTab(page, '午餐 & <b>');
  assert.equal(await page.getByRole('tab').count(), 2);
});

test('tabs are moved through with the keyboard, and are one stop of the Tab key', async () => {
  const { page } = await guest();
  await openRoom(page, 'a');
  await openRoom(page, 'b');
  await tab(page, 'b').focus();
  await page.keyboard.press('Home');
  await selectedTab(page, 'Lobby');
  await page.keyboard.press('ArrowRight');
  await selectedTab(page, 'a');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'a');
  assert.equal(await page.locator('[role=tab][tabindex="0"]').count(), 1);
  assert.equal(await page.getByRole('tabpanel', { name: 'a' }).count(), 1);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'leave');
});

test('a name in a room starts a private message, which is in the lobby', async () => {
  const { page, server } = await guest({
    open: send => send(welcome('Alice', ['Alice', 'Bob'])),
    answer: (frame, send) => {
      roomsOf({ cpp: ['Bob'] })(frame, send);
      if (frame.target_user) send({ type: 'confirmation', target_user: 'Bob', message: 'x' });
    },
  });
  await openRoom(page, 'cpp');
  await page.locator('#users button').filter({ hasText: 'Bob' }).click();
  await selectedTab(page, 'Lobby');
  await say(page, 'just you');
  await seesMessage(page, 'just you', '.user.private');
  assert.deepEqual(messagesSent(server), [
    { type: 'message', message: 'just you', target_user: 'Bob' },
  ]);
});

test('rooms are joined again after a reconnection, under the names they have by then', async () => {
  let renamed = false;
  const { page, server } = await guest({
    open: (send, _, connections) => {
      if (connections === 1) send(welcome());
    },
    answer: (frame, send) => {
      const room = renamed && frame.room === 'cpp' ? 'CPP' : frame.room;
      roomsOf()({ ...frame, room }, send);
    },
  });
  await openRoom(page, 'cpp');
  await openRoom(page, 'lunch');
  renamed = true;
  server.received.length = 0;
  server.close({ code: 1012 });
  await seesPeople(page, []);
  await page.waitForFunction(() => window.sockets.at(-1).readyState === WebSocket.OPEN);
  assert.deepEqual(await names(page), []);
  server.send(welcome());
  await seesMessage(page, 'You are back in the room lunch', '.system');
  assert.deepEqual(sent(server, 'join'), [
    { type: 'join', room: 'cpp' },
    { type: 'join', room: 'lunch' },
  ]);
  assert.deepEqual(await tabs(page), ['Lobby', 'CPP', 'lunch']);
  await tab(page, 'CPP').click();
  await say(page, 'hello again');
  await seesMessage(page, 'hello again', '.user');
  assert.deepEqual(messagesSent(server), [
    { type: 'message', message: 'hello again', room: 'CPP' },
  ]);
});

test('a room is not forgotten when the connection is lost before it is joined again', async () => {
  let deaf = false;
  const { page, server } = await guest({
    answer: (frame, send) => {
      if (!deaf) roomsOf()(frame, send);
    },
  });
  await openRoom(page, 'cpp');
  deaf = true;
  for (const round of [2, 3]) {
    const asked = server.next('join');
    server.close({ code: 1012 });
    await asked;
    assert.equal(server.connections, round);
  }
  deaf = false;
  server.close({ code: 1012 });
  await seesMessage(page, 'You are back in the room cpp', '.system');
});

test('who is online is asked once where the welcome does not tell', async () => {
  const { page, server } = await guest({
    open: send => send({ ...welcome(), connected_users: undefined }),
    answer: (frame, send) => {
      const users = ['Alice', 'Bob'];
      if (frame.type === 'who') send({ type: 'users', users, connected_count: 2 });
    },
  });
  await seesPeople(page, ['Alice', 'Bob']);
  server.send({ type: 'system', event: 'join', message: 'x', username: 'Carol' });
  server.send({ type: 'system', event: 'leave', message: 'x', username: 'Bob' });
  await seesPeople(page, ['Alice', 'Carol']);
  assert.deepEqual(sent(server, 'who'), [{ type: 'who' }]);
});

test('typing is said at most once in 3 s, where one writes', async () => {
  const { page, server } = await guest({ open: send => send(welcome('Alice', ['Alice', 'Bob'])) });
  await openRoom(page, 'cpp');
  await page.clock.install({ time: 0 });
  await page.clock.pauseAt(1_000);
  const type = () => page.locator('#text').pressSequentially('abc');
  await type();
  await page.clock.runFor(2_900);
  await type();
  await heard(server);
  assert.deepEqual(sent(server, 'typing'), [{ type: 'typing', room: 'cpp' }]);
  await page.clock.runFor(200);
  await tab(page, 'Lobby').click();
  await type();
  await heard(server);
  assert.deepEqual(sent(server, 'typing').slice(1), [{ type: 'typing' }]);
  await page.clock.runFor(10_000);
  await page.locator('#users button').filter({ hasText: 'Bob' }).click();
  await type();
  await heard(server);
  assert.equal(sent(server, 'typing').length, 2);
});

test('who is typing is shown for 5 s, or until they have said it, and never oneself', async () => {
  const { page, server } = await guest();
  await openRoom(page, 'cpp');
  await page.clock.install({ time: 0 });
  await page.clock.pauseAt(1_000);
  const typing = (username, room) => ({ type: 'typing', username, ...(room && { room }) });
  const shows = async text => {
    await page.clock.runFor(0);
    await page.waitForFunction(
      wanted => document.querySelector('#typing').textContent === wanted,
      text,
    );
  };
  server.send(typing('Alice', 'cpp'));
  server.send(typing('Carol'));
  server.send(typing('Bob', 'cpp'));
  await shows('Bob is typing…');
  server.send(typing('Dave', 'cpp'));
  await shows('Bob and Dave are typing…');
  server.send(typing('Eve', 'cpp'));
  await shows('Several people are typing…');
  server.send(message('done', 'cpp', 'Eve'));
  server.send(message('done', 'cpp', 'Dave'));
  await shows('Bob is typing…');
  await page.clock.runFor(3_000);
  server.send(typing('Bob', 'cpp'));
  await page.clock.runFor(100);
  await heard(server);
  await tab(page, 'Lobby').click();
  await shows('Carol is typing…');
  await page.clock.runFor(2_000);
  await shows('');
  await tab(page, 'cpp').click();
  await shows('Bob is typing…');
  await page.clock.runFor(3_000);
  await shows('');
});

test('on a phone the rooms fold away, tabs scroll, and nothing is out of reach', async () => {
  const { page } = await guest({}, PHONE);
  assert.equal(await page.locator('#rooms').isVisible(), false);
  for (const name of ['cpp', 'python', '很長的房間名稱'.repeat(4), 'lunch']) {
    await page.locator('#show-rooms').tap();
    assert.equal(await page.getAttribute('#show-rooms', 'aria-expanded'), 'true');
    await openRoom(page, name);
    assert.equal(await page.locator('#rooms').isVisible(), false);
  }
  for (const height of [740, 400]) {
    await page.setViewportSize({ width: 360, height });
    const fit = await page.evaluate(() => ({
      page: document.scrollingElement.scrollWidth <= window.innerWidth,
      outside: [...document.querySelectorAll('#text, #send, #leave, #show-rooms, #tabs')]
        .filter(part => {
          const box = part.getBoundingClientRect();
          return box.left < 0 || box.right > innerWidth || box.bottom > innerHeight;
        })
        .map(part => part.id),
      font: getComputedStyle(document.querySelector('#room')).fontSize,
    }));
    assert.deepEqual(fit, { page: true, outside: [], font: '16px' });
  }
  const [bar, selected] = await page.evaluate(() =>
    ['#tabs', '[aria-selected=true]'].map(part => {
      const { left, right } = document.querySelector(part).getBoundingClientRect();
      return { left, right };
    }),
  );
  assert.ok(
    selected.left >= bar.left - 1 && selected.right <= bar.right + 1,
    `the shown tab is in view: ${JSON.stringify([bar, selected])}`,
  );
});
