// Rooms, names and limits at the real server, with several pages.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Server,
  bodies,
  chatSuite,
  isState,
  join,
  names,
  roundTrip,
  say,
  seesMessage,
  seesPeople,
} from './helpers.js';

const chat = chatSuite();
const { member, visitor } = chat;

async function inRoom(page, room) {
  await page.fill('#room', room);
  await page.press('#room', 'Enter');
  await page.locator('[role=tab][aria-selected=true]').filter({ hasText: room }).waitFor();
}

function lobby(page) {
  return page.getByRole('tab').first();
}

// Waits until the tabs have these names, unread counts included.
function seesTabs(page, expected) {
  return page.waitForFunction(
    wanted =>
      JSON.stringify(
        [...document.querySelectorAll('[role=tab]')].map(tab => tab.getAttribute('aria-label')),
      ) === JSON.stringify(wanted),
    expected,
  );
}

async function withServer(args, use) {
  const server = await Server.start({ args });
  try {
    await use(server);
  } finally {
    await server.stop();
  }
}

test('who is in a room hears it, who is not does not', async () => {
  const alice = await member('Alice');
  const bob = await member('Bob');
  const carol = await member('Carol');
  await inRoom(alice, 'cpp');
  await inRoom(bob, 'cpp');
  await seesMessage(alice, 'Bob joined this room', '.system');
  for (const page of [alice, bob]) await seesPeople(page, ['Alice', 'Bob']);
  await roundTrip(alice, [bob], 'for the room');
  await lobby(alice).click();
  await roundTrip(alice, [carol], 'for all');
  assert.deepEqual(await bodies(carol), ['for all']);
  await seesTabs(bob, ['Lobby, 1 unread', 'cpp']);
  await say(bob, 'are you there?');
  await seesTabs(alice, ['Lobby', 'cpp, 1 unread']);
  await bob.click('#leave');
  await seesTabs(bob, ['Lobby']);
  await alice.getByRole('tab', { name: 'cpp' }).click();
  await seesMessage(alice, 'Bob left this room', '.system');
  await seesPeople(alice, ['Alice']);
  const { rooms } = await (await fetch(`${chat.server.url}/rooms`)).json();
  assert.deepEqual(rooms, [{ room: 'cpp', member_count: 1, members: ['Alice'] }]);
});

test('a room that others opened is in the list, and one click away', async () => {
  const alice = await member('Alice');
  await inRoom(alice, '午餐');
  const bob = await member('Bob');
  await bob.getByRole('list', { name: 'Rooms' }).getByRole('button', { name: '午餐' }).click();
  await seesPeople(bob, ['Alice', 'Bob']);
  await roundTrip(bob, [alice], '去哪裡吃？');
});

test('the others see who is typing, in the room where it is', async () => {
  const alice = await member('Alice');
  const bob = await member('Bob');
  await inRoom(alice, 'cpp');
  await inRoom(bob, 'cpp');
  await alice.locator('#text').pressSequentially('hel');
  await bob.locator('#typing').filter({ hasText: 'Alice is typing…' }).waitFor();
  assert.equal(await alice.locator('#typing').textContent(), '');
  await lobby(bob).click();
  assert.equal(await bob.locator('#typing').textContent(), '');
  await bob.getByRole('tab', { name: 'cpp' }).click();
  await roundTrip(alice, [bob], 'hello');
  assert.equal(await bob.locator('#typing').textContent(), '');
});

test('rooms are joined again when the server comes back', async () => {
  const alice = await member('Alice');
  const bob = await member('Bob');
  for (const room of ['cpp', 'python']) {
    await inRoom(alice, room);
    await inRoom(bob, room);
  }
  await chat.server.restart();
  for (const page of [alice, bob]) {
    await isState(page, 'online');
    await seesMessage(page, 'You are back in the room python', '.system');
  }
  for (const page of [alice, bob]) await seesPeople(page, ['Alice', 'Bob']);
  await roundTrip(alice, [bob], 'we are back');
});

test('two ways to write a name are one user, called as who came first wrote it', async () => {
  const first = await member('Alice');
  const bob = await member('Bob');
  const second = await visitor();
  await join(second, 'ａLICE');
  assert.equal(await second.inputValue('#username'), 'Alice');
  assert.deepEqual((await names(second)).sort(), ['Alice', 'Bob']);
  await roundTrip(second, [bob, first], 'it is me');
  for (const page of [first, second]) await seesMessage(page, 'it is me', '.user');
  await inRoom(first, 'Cpp');
  await second.fill('#room', 'cPP');
  await second.press('#room', 'Enter');
  await seesTabs(second, ['Lobby', 'Cpp']);
});

test("a room's name that deceives is refused at its field", async () => {
  const alice = await member('Alice');
  await alice.fill('#room', 'c\u202epp');
  await alice.press('#room', 'Enter');
  await alice.locator('#room-problem').filter({ hasText: 'cannot be the name of a room' }).waitFor();
  await seesTabs(alice, ['Lobby']);
});

test('who is in sixteen rooms is told to leave one first', async () => {
  const alice = await member('Alice');
  for (let room = 1; room <= 16; room += 1) await inRoom(alice, `room ${room}!`);
  await alice.fill('#room', 'one more');
  await alice.press('#room', 'Enter');
  await alice.locator('#room-problem').filter({ hasText: 'Leave one first' }).waitFor();
  await alice.click('#leave');
  await inRoom(alice, 'one more');
});

test('who sends too fast need do nothing: all of it is sent, in order', () =>
  withServer(['--message-rate', '5', '--message-burst', '8'], async server => {
    const alice = await member('Alice', {}, server);
    await alice.evaluate(() => {
      for (let spent = 1; spent <= 10; spent += 1) window.sockets.at(-1).send('{"type":"who"}');
      const field = document.querySelector('#text');
      for (let number = 1; number <= 12; number += 1) {
        field.value = `text ${number}`;
        document.querySelector('#composer').requestSubmit();
      }
      field.value = 'next';
    });
    await seesMessage(alice, 'text 12', '.user');
    const texts = Array.from({ length: 12 }, (_, index) => `text ${index + 1}`);
    assert.deepEqual(await bodies(alice), texts);
    const sent = await alice.evaluate(() => window.sentFrames.filter(({ id }) => id).length);
    assert.ok(sent > 12, 'the first was refused at first');
    assert.equal(await alice.locator('.failed').count(), 0);
    await alice.press('#text', 'Enter');
    await seesMessage(alice, 'next', '.user');
    await alice.close();
  }));

test('who comes to a full server is told, and let in when there is room', () =>
  withServer(['--max-connections', '12'], async server => {
    const alice = await member('Alice', {}, server);
    const bob = await visitor({}, server);
    // With Alice's, these fill the server: idle connections of HTTP give way to them.
    await alice.evaluate(() => Promise.all(Array.from({ length: 11 }, () => new Promise(resolve => {
      const socket = new WebSocket(`ws://${location.host}/ws`);
      (window.held ??= []).push(socket);
      socket.onopen = resolve;
    }))));
    await bob.fill('#username', 'Bob');
    await bob.click('#connect');
    await isState(bob, 'waiting');
    assert.match(await bob.locator('#reason').textContent(), /server is full/);
    await alice.click('#disconnect');
    await server.isEmpty();
    await bob.click('#retry');
    await isState(bob, 'online');
    await bob.close();
  }));

test('a text over the limit of the server comes back with the limit', () =>
  withServer(['--max-text-length', '10'], async server => {
    const alice = await member('Alice', {}, server);
    await say(alice, '一二三四五六七八九十多');
    await alice.locator('#hint').filter({ hasText: '11 characters of at most 10' }).waitFor();
    assert.equal(await alice.inputValue('#text'), '一二三四五六七八九十多');
    await say(alice, '一二三四五六七八九十');
    await seesMessage(alice, '一二三四五六七八九十', '.user');
    await alice.close();
  }));
