// Nothing lost, nothing twice: what the page sends arrives once, whatever happens on its way.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bodies,
  chatSuite,
  isState,
  join,
  person,
  roundTrip,
  say,
  seesMessage,
  seesPeople,
} from './helpers.js';
import { lineTo } from './line.js';

const chat = chatSuite();
const { member, visitor } = chat;

// A member whose line to the server can be cut.
async function onALine(name, page) {
  page ??= await visitor();
  chat.hasTalked = true;
  const line = await lineTo(page);
  await join(page, name);
  return { page, line };
}

function kept(page) {
  return page.evaluate(() => Object.entries(localStorage)
    .filter(([key]) => key.startsWith('chat.outbox.'))
    .flatMap(([, text]) => JSON.parse(text).map(entry => entry.text)));
}

// Nothing is left to be sent, here or in the browser's storage.
async function allSent(page) {
  await page.waitForFunction(() => document.querySelector('.outbox .message') === null);
  assert.deepEqual(await kept(page), []);
}

const isMessage = ({ type }) => type === 'message';

test('a message is kept until it is acknowledged, and is then marked as sent', async () => {
  const { page: alice, line } = await onALine('Alice');
  line.losesFromServer = ({ type }) => ['ack', 'message'].includes(type);
  await say(alice, 'on its way');
  const pending = await seesMessage(alice, 'on its way', '.pending');
  assert.match(await pending.textContent(), /Sending…/);
  assert.deepEqual(await kept(alice), ['on its way']);
  await line.cut();
  await line.restore();
  const sent = await seesMessage(alice, 'on its way', '.user');
  assert.equal(await sent.getByRole('img', { name: 'Sent' }).count(), 1);
  await allSent(alice);
});

test('a message whose answer was lost is said once, and one that got lost is sent again', async () => {
  const { page: alice, line } = await onALine('Alice');
  const bob = await member('Bob');
  line.losesFromServer = ({ type }) => ['ack', 'message'].includes(type);
  await say(alice, 'the answer is lost');
  await seesMessage(bob, 'the answer is lost');
  await line.cut();
  await line.restore();
  await seesMessage(alice, 'the answer is lost', '.user');
  line.losesFromPage = isMessage;
  await say(alice, 'the message is lost');
  await seesMessage(alice, 'the message is lost', '.pending');
  await line.cut();
  await line.restore();
  await roundTrip(alice, [bob], 'the end');
  const said = ['the answer is lost', 'the message is lost', 'the end'];
  for (const page of [alice, bob]) assert.deepEqual(await bodies(page), said);
  const ids = line.messages().map(({ id }) => id);
  assert.equal(ids.filter(id => id === ids[1]).length, 2);
  await allSent(alice);
});

test('a private message whose answer was lost is heard once, and shown once to who sent it', async () => {
  const { page: alice, line } = await onALine('Alice');
  const bob = await member('Bob');
  await seesPeople(alice, ['Alice', 'Bob']);
  await person(alice, 'Bob').click();
  line.losesFromServer = ({ type }) => type === 'confirmation';
  await say(alice, 'for you');
  await seesMessage(bob, 'for you', '.private');
  await line.cut();
  await line.restore();
  await seesMessage(alice, 'for you', '.user.private');
  await alice.press('#text', 'Escape');
  await roundTrip(alice, [bob], 'for all');
  for (const page of [alice, bob]) assert.deepEqual(await bodies(page), ['for you', 'for all']);
  const [first, again] = line.messages();
  assert.equal(again.id, first.id);
  await allSent(alice);
});

test('what was written while the server was away is sent in order after a reload', async () => {
  const { page: alice, line } = await onALine('Alice');
  await line.cut();
  for (const text of ['one', 'two', 'three']) await say(alice, text);
  await seesMessage(alice, 'three', '.pending');
  await alice.reload();
  await seesMessage(alice, 'three', '.pending');
  assert.deepEqual(await bodies(alice, '.pending'), ['one', 'two', 'three']);
  line.isUp = true;
  await alice.click('#connect');
  await seesMessage(alice, 'three', '.user');
  assert.deepEqual(await bodies(alice), ['one', 'two', 'three']);
  await allSent(alice);
});

test('what was to be sent to a room is sent there after a reload', async () => {
  const { page: alice, line } = await onALine('Alice');
  await alice.fill('#room', 'cpp');
  await alice.press('#room', 'Enter');
  const tab = alice.getByRole('tab', { name: 'cpp' });
  await tab.waitFor();
  const bob = await member('Bob');
  await bob.getByRole('list', { name: 'Rooms' }).getByRole('button', { name: 'cpp' }).click();
  await seesPeople(bob, ['Alice', 'Bob']);
  line.losesFromPage = isMessage;
  await say(alice, 'for the room');
  await seesMessage(alice, 'for the room', '.pending');
  line.losesFromPage = () => false;
  await alice.reload();
  await alice.click('#connect');
  await seesMessage(bob, 'for the room');
  await tab.click();
  await seesMessage(alice, 'for the room', '.user');
  await allSent(alice);
});

test('two tabs of one user each send their own, once', async () => {
  const bob = await member('Bob');
  const { page: first, line: firstLine } = await onALine('Alice');
  const { page: second, line: secondLine } = await onALine('Alice', await sibling(first));
  await Promise.all([firstLine.cut(), secondLine.cut()]);
  for (const round of [1, 2, 3]) {
    await say(first, `first ${round}`);
    await say(second, `second ${round}`);
  }
  assert.deepEqual((await kept(first)).length, 6);
  assert.deepEqual(await bodies(first, '.pending'), ['first 1', 'first 2', 'first 3']);
  await Promise.all([firstLine.restore(), secondLine.restore()]);
  await seesMessage(bob, 'first 3');
  await seesMessage(bob, 'second 3');
  const heard = await bodies(bob);
  assert.equal(heard.length, 6);
  for (const tab of ['first', 'second']) {
    const own = heard.filter(text => text.startsWith(tab));
    assert.deepEqual(own, [1, 2, 3].map(round => `${tab} ${round}`));
  }
  assert.equal(firstLine.messages().length, 3);
  assert.equal(secondLine.messages().length, 3);
  await allSent(first);
});

test('what a tab that crashed had to send is sent by another tab of its user, once', async () => {
  const bob = await member('Bob');
  const { page: survivor } = await onALine('Alice');
  const { page: victim, line } = await onALine('Alice', await sibling(survivor));
  await line.cut();
  await say(victim, 'my last words');
  await seesMessage(victim, 'my last words', '.pending');
  assert.equal(await survivor.locator('.pending').count(), 0);
  const crashed = victim.waitForEvent('crash');
  victim.goto('chrome://crash').catch(() => {});
  await crashed;
  await seesMessage(bob, 'my last words');
  await seesMessage(survivor, 'my last words', '.user');
  await roundTrip(bob, [survivor], 'heard');
  for (const page of [bob, survivor]) {
    assert.deepEqual(await bodies(page), ['my last words', 'heard']);
  }
  await allSent(survivor);
});

// Another tab of the same browser.
async function sibling(page) {
  const tab = await page.context().newPage();
  await tab.goto(`${chat.server.url}/chat`);
  return tab;
}

test('a page that came by plain HTTP numbers its messages, too', async () => {
  const page = await visitor();
  await page.addInitScript(() => {
    Object.defineProperty(Crypto.prototype, 'randomUUID', { value: undefined });
    Object.defineProperty(Navigator.prototype, 'locks', { value: undefined });
  });
  const { line } = await onALine('Alice', page);
  await line.cut();
  await say(page, 'without locks');
  await seesMessage(page, 'without locks', '.pending');
  await page.reload();
  line.isUp = true;
  await page.click('#connect');
  await seesMessage(page, 'without locks', '.user');
  assert.match(line.messages()[0].id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  await allSent(page);
});

test('a browser without room for a message says so, and it is sent all the same', async () => {
  const alice = await member('Alice');
  await alice.evaluate(() => {
    Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); };
  });
  await say(alice, 'kept nowhere');
  await alice.locator('#hint').filter({ hasText: 'keep this tab open' }).waitFor();
  await seesMessage(alice, 'kept nowhere', '.user');
});
