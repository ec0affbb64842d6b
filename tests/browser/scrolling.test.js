// The log under a flood, and its reader: who follows stays at the end, who reads is left in peace.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chatSuite, join, seesMessage } from './helpers.js';
import { standIn } from './stand_in.js';

const KEPT = 1_000; // messages in the log

const chat = chatSuite();
const { visitor } = chat;

async function reader(options) {
  const page = await visitor(options);
  const server = await standIn(page);
  await join(page, 'Alice');
  return { page, server };
}

// Puts messages into the page as if they had come at once: "line FIRST" to "line LAST".
function chatter(page, first, last) {
  return page.evaluate(
    ([from, to]) => {
      for (let line = from; line <= to; line += 1) {
        const data = JSON.stringify({ type: 'message', username: 'Bob', message: `line ${line}` });
        window.sockets.at(-1).dispatchEvent(new MessageEvent('message', { data }));
      }
    },
    [first, last],
  );
}

// Two frames on, what arrived is shown and what scrolled has been told.
function shown(page) {
  return page.evaluate(
    () => new Promise(resolve => requestAnimationFrame(() => requestAnimationFrame(resolve))),
  );
}

function lines(page) {
  return page.locator('#messages .body').evaluateAll(all =>
    all.map(body => Number(body.textContent.replace('line ', ''))),
  );
}

function distanceFromEnd(page) {
  return page
    .locator('#messages')
    .evaluate(log => log.scrollHeight - log.scrollTop - log.clientHeight);
}

function scroll(page, place) {
  return page.locator('#messages').evaluate((log, top) => {
    log.scrollTop = top === 'end' ? log.scrollHeight : top;
  }, place);
}

test('a scroll event between a resize and its observer takes nobody from the end', async () => {
  const { page } = await reader();
  await chatter(page, 1, 60);
  await seesMessage(page, 'line 60');
  await page.evaluate(() => {
    const log = document.querySelector('#messages');
    document.querySelector('.app').style.height = '400px';
    log.getBoundingClientRect(); // laid out anew
    log.dispatchEvent(new Event('scroll'));
  });
  await shown(page);
  assert.ok((await distanceFromEnd(page)) < 2);
  await chatter(page, 61, 61);
  await seesMessage(page, 'line 61');
  assert.ok((await distanceFromEnd(page)) < 2);
});

test('a log that grows by itself takes nobody from the end', async () => {
  const { page } = await reader();
  await chatter(page, 1, 60);
  await seesMessage(page, 'line 60');
  await page.evaluate(() => {
    document.querySelector('#messages').firstElementChild.style.paddingTop = '300px';
    document.querySelector('#messages').dispatchEvent(new Event('scroll'));
  });
  await chatter(page, 61, 61);
  await seesMessage(page, 'line 61');
  assert.ok((await distanceFromEnd(page)) < 2);
});

test('what somebody reads stays in its place while thousands of messages come', async () => {
  const { page } = await reader();
  await chatter(page, 1, 600);
  await seesMessage(page, 'line 600');
  await scroll(page, 500);
  await shown(page);
  for (let first = 601; first < 5_600; first += 1_000) {
    await chatter(page, first, first + 999);
    await shown(page);
    assert.equal(await page.locator('#messages').evaluate(log => log.scrollTop), 500);
    assert.ok((await page.locator('#messages > *').count()) <= KEPT);
  }
  assert.equal((await lines(page))[0], 1);
  assert.equal(await page.locator('#newer').textContent(), '↓ New messages (5000)');
  await page.click('#newer');
  await shown(page);
  assert.ok((await distanceFromEnd(page)) < 2);
  assert.equal((await lines(page)).at(-1), 5_600);
  assert.equal(await page.locator('#messages > *').count(), KEPT);
});

test('who reads on to the end finds what waited, in order, and what is left out is said', async () => {
  const { page } = await reader();
  await chatter(page, 1, 1_000);
  await seesMessage(page, 'line 1000');
  await scroll(page, 500);
  await shown(page);
  await chatter(page, 1_001, 2_500);
  await shown(page);
  const place = () =>
    page
      .locator('#messages > *')
      .filter({ hasText: /^Bob.*line 1000$/ })
      .evaluate(message => message.getBoundingClientRect().bottom);
  await scroll(page, 'end');
  const before = await place();
  await shown(page);
  assert.ok(Math.abs((await place()) - before) < 2, 'the last line is where it was');
  await seesMessage(page, '500 messages were left out here', '.system');
  while ((await lines(page)).at(-1) !== 2_500) {
    const last = (await lines(page)).at(-1);
    await scroll(page, 'end');
    await shown(page);
    assert.notEqual((await lines(page)).at(-1), last);
    assert.ok((await page.locator('#messages > *').count()) <= KEPT);
  }
  const read = (await lines(page)).filter(line => line > 1_000);
  assert.deepEqual(read, Array.from({ length: read.length }, (_, index) => 2_501 - read.length + index));
  await scroll(page, 'end');
  await shown(page);
  await chatter(page, 2_501, 2_501);
  await seesMessage(page, 'line 2501');
  assert.ok((await distanceFromEnd(page)) < 2, 'who has caught up follows again');
  assert.equal(await page.locator('#newer').isVisible(), false);
});
