// Texts and names that are made to break a page: it stays laid out, and they stay in their places.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chatSuite, isState, join, seesMessage } from './helpers.js';
import { HOSTILE } from './hostile.js';
import { roomsOf, standIn, welcome } from './stand_in.js';

const WIDE = { viewport: { width: 1_000, height: 700 } };
const PHONE = { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true };

const chat = chatSuite();
const { visitor } = chat;

// A page online at a stand-in where everyone and every room is called by what is hostile.
async function besieged(options, hostile = Object.values(HOSTILE)) {
  const page = await visitor(options);
  const server = await standIn(page, {
    open: send => send(welcome('Alice', ['Alice', ...hostile])),
    answer: roomsOf(),
    rooms: hostile.map(room => ({ room, member_count: 1 })),
  });
  await join(page, 'Alice');
  await page.locator('body.has-rooms').waitFor();
  return { page, server };
}

// Everything that can come with such a text in it, and a mark at the end, which is then waited for.
async function attack(page, server, text, mark) {
  for (const [type, fields] of [
    ['message', { username: text, message: text }],
    ['message', { username: 'Alice', message: text }],
    ['private', { from: text, message: text }],
    ['confirmation', { target_user: text }],
    ['system', { event: 'join', username: text }],
    ['system', { event: 'of_tomorrow', message: text }],
    ['error', { code: 'of_tomorrow', message: text }],
    ['typing', { username: text }],
    ['message', { username: 'Bob', message: mark }],
  ]) {
    server.send({ type, ...fields });
  }
  await seesMessage(page, mark);
}

// What can be used, or is said, and isn't wholly in the window; and what is wider than it may be.
function misplaced(page) {
  return page.evaluate(() => {
    const parts =
      '#text, #send, #status, #username, #disconnect, #language, #leave, #show-rooms, #tabs,' +
      ' #room, #open-room button, #target, #clear-target, #typing, #newer, #hint, #notice, #retry,' +
      ' #users, #room-list, #room-problem';
    const log = document.querySelector('.panel:not([hidden]) .messages');
    const { left, right } = log.getBoundingClientRect();
    const outside = part => {
      const box = part.getBoundingClientRect();
      return box.left < 0 || box.top < 0 || box.right > innerWidth || box.bottom > innerHeight;
    };
    return [
      ...[...document.querySelectorAll(parts)]
        .filter(part => part.checkVisibility() && outside(part))
        .map(part => `${part.id} is outside`),
      ...[...log.children]
        .filter(message => {
          const box = message.getBoundingClientRect();
          return box.left < left || box.right > right;
        })
        .map(message => `${message.className} is wider than the log`),
      ...[document.scrollingElement, log]
        .filter(part => part.scrollWidth > part.clientWidth)
        .map(part => `${part.className} scrolls sideways`),
    ];
  });
}

for (const [device, options] of Object.entries({ 'a wide window': WIDE, 'a phone': PHONE })) {
  test(`no text moves a control out of ${device}`, async () => {
    const { page, server } = await besieged(options);
    for (const [what, text] of Object.entries(HOSTILE)) {
      await attack(page, server, text, `after ${what}`);
      assert.deepEqual(await misplaced(page), [], what);
      await page.fill('#text', text);
      assert.deepEqual(await misplaced(page), [], `${what}, being written`);
      await page.fill('#text', '');
      await page.locator('#users button').first().click();
      assert.deepEqual(await misplaced(page), [], `${what}, with somebody to write to`);
      await page.click('#clear-target');
    }
  });

  test(`no name of a room moves a control out of ${device}`, async () => {
    const { page, server } = await besieged(options);
    for (const [what, text] of Object.entries(HOSTILE)) {
      server.send({ type: 'joined', room: text, members: ['Alice', text], member_count: 2 });
      await page.getByRole('tab').last().click();
      await page.locator('.panel:not([hidden]) .system').waitFor();
      assert.deepEqual(await misplaced(page), [], what);
      if (options === PHONE) await page.tap('#show-rooms');
      server.send({ type: 'error', code: 'not_in_room', room: text, message: text });
      assert.deepEqual(await misplaced(page), [], `${what}, with the list of rooms`);
      if (options === PHONE) await page.tap('#show-rooms');
    }
  });
}

test('no reason for an end moves a control away', async () => {
  for (const options of [WIDE, PHONE]) {
    const { page, server } = await besieged(options, []);
    server.close({ code: 1008, reason: `${'a\u0301\u0336'.repeat(10)}${'\u0e49'.repeat(20)}` });
    await isState(page, 'closed');
    assert.deepEqual(await misplaced(page), []);
  }
});

test('no message paints over another', async () => {
  const { page, server } = await besieged(WIDE, []);
  for (const [what, text] of Object.entries(HOSTILE)) {
    for (const message of ['above', text, 'below']) {
      server.send({ type: 'message', username: 'Bob', message });
    }
    await seesMessage(page, 'below');
    const [above, hostile, below] = [-3, -2, -1].map(index => page.locator('.message').nth(index));
    // Its neighbours look the same when what is hostile is there but not painted.
    const neighbours = async visibility => {
      await hostile.evaluate((message, value) => {
        message.style.visibility = value;
      }, visibility);
      return Promise.all([above, below].map(message => message.screenshot()));
    };
    const alone = await neighbours('hidden');
    const together = await neighbours('visible');
    for (const [index, side] of ['above', 'below'].entries()) {
      assert.ok(alone[index].equals(together[index]), `${what} paints over what is ${side}`);
    }
    await page.locator('.message').evaluateAll(all => all.forEach(one => one.remove()));
  }
});

// Where the words of an element are painted, in the order of its text.
function places(locator) {
  return locator.evaluate(element => {
    const range = document.createRange();
    const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
      range.selectNodeContents(walker.currentNode);
      found.push(range.getBoundingClientRect().left);
    }
    return found;
  });
}

for (const [what, name] of [
  ['in Hebrew', 'שלום'],
  ['in Hebrew, with digits', 'שלום 12'],
  ['with an override', '\u202eecilA'],
  ['with an isolate that is never ended', '\u2067Alice'],
  ['that ends an isolate', 'Alice\u2069\u202c\u202e'],
]) {
  test(`a name ${what} does not reorder the words beside it`, async () => {
    const { page, server } = await besieged(WIDE, []);
    server.send({ type: 'system', event: 'join', username: name, message: 'x' });
    server.send({ type: 'typing', username: name });
    server.send({ type: 'typing', username: `${name} 2` });
    server.send({ type: 'private', from: name, message: 'psst' });
    for (const part of [
      (await seesMessage(page, 'joined the chat', '.system')).locator('span'),
      page.locator('#typing'),
      page.locator('.private .head'),
    ]) {
      await part.waitFor();
      const found = await places(part);
      assert.ok(found.length > 1);
      assert.deepEqual(found, found.toSorted((a, b) => a - b));
    }
  });
}
