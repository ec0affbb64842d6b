// What people do on the chat page: they talk, write privately, and type whatever they like.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bodies,
  chatSuite,
  isState,
  names,
  person,
  roundTrip,
  say,
  seesMessage,
  seesPeople,
} from './helpers.js';

const chat = chatSuite();
const { member, visitor } = chat;

function look(message) {
  return message.evaluate(element => {
    const style = getComputedStyle(element);
    const own = element.getBoundingClientRect();
    const area = element.parentElement.getBoundingClientRect();
    return {
      background: style.backgroundColor,
      color: style.color,
      nearerTo: own.left - area.left > area.right - own.right ? 'right' : 'left',
    };
  });
}

test('two users talk: own messages stand right in blue, others left in white', async () => {
  const alice = await member('Alice');
  const bob = await member('Bob');
  await seesPeople(alice, ['Alice', 'Bob']);
  await say(alice, 'Hello, Bob!');
  assert.deepEqual(await look(await seesMessage(alice, 'Hello, Bob!', '.user')), {
    background: 'rgb(76, 104, 230)',
    color: 'rgb(255, 255, 255)',
    nearerTo: 'right',
  });
  const received = await look(await seesMessage(bob, 'Hello, Bob!', '.other'));
  assert.equal(received.background, 'rgb(255, 255, 255)');
  assert.equal(received.nearerTo, 'left');
  await say(bob, 'Hello, Alice!');
  await seesMessage(alice, 'Hello, Alice!', '.other');
  await seesMessage(bob, 'Hello, Alice!', '.user');
});

test('each message shows its author and its time in local time', async () => {
  const alice = await member('Alice', { timezoneId: 'Asia/Taipei' });
  const bob = await member('Bob', { timezoneId: 'America/New_York' });
  await say(alice, 'What time is it?');
  for (const [page, kind, zone] of [
    [alice, '.user', 'Asia/Taipei'],
    [bob, '.other', 'America/New_York'],
  ]) {
    const message = await seesMessage(page, 'What time is it?', kind);
    assert.equal(await message.locator('.name').textContent(), 'Alice');
    const time = message.locator('time');
    const moment = new Date(await time.getAttribute('datetime'));
    assert.ok(Math.abs(Date.now() - moment) < 60_000);
    const clock = moment.toLocaleTimeString('en-GB', {
      timeZone: zone,
      hour: '2-digit',
      minute: '2-digit',
    });
    assert.ok((await time.textContent()).endsWith(clock));
  }
});

test('join and leave notices stand in the middle on yellow and keep the list of who is online', async () => {
  const alice = await member('Alice');
  const bob = await member('Bob');
  const notice = await seesMessage(alice, 'Bob joined the chat', '.system');
  assert.equal((await look(notice)).background, 'rgb(254, 243, 199)');
  assert.equal(await notice.evaluate(element => getComputedStyle(element).alignSelf), 'center');
  await seesPeople(alice, ['Alice', 'Bob']);
  await seesPeople(bob, ['Alice', 'Bob']);
  await bob.click('#disconnect');
  await seesMessage(alice, 'Bob left the chat', '.system');
  await seesPeople(alice, ['Alice']);
});

test('a click on a name starts a private message that a third user does not see', async () => {
  const alice = await member('Alice');
  const bob = await member('Bob');
  const carol = await member('Carol');
  await person(alice, 'Bob').click();
  assert.match(await alice.locator('#target').textContent(), /Private to Bob/);
  await say(alice, 'for Bob alone');
  const sent = await seesMessage(alice, 'for Bob alone', '.user.private');
  assert.match(await sent.textContent(), /private to Bob/);
  const received = await seesMessage(bob, 'for Bob alone', '.other.private');
  assert.match(await received.textContent(), /private/);
  await alice.click('#clear-target');
  assert.equal(await alice.locator('#target').count(), 0);
  await roundTrip(alice, [bob, carol], 'for everyone');
  assert.deepEqual(await bodies(carol), ['for everyone']);
  assert.deepEqual(await bodies(bob, '.private'), ['for Bob alone']);
});

test('private messages in a row are each shown to their sender once, with their own text', async () => {
  const alice = await member('Alice');
  const bob = await member('Bob');
  const carol = await member('Carol');
  await person(alice, 'Bob').click();
  await say(alice, 'one');
  await say(alice, 'two');
  await person(alice, 'Carol').click();
  await say(alice, 'three');
  await alice.press('#text', 'Escape');
  await roundTrip(alice, [bob, carol], 'four');
  assert.deepEqual(await bodies(alice), ['one', 'two', 'three', 'four']);
  assert.deepEqual(await bodies(alice, '.private'), ['one', 'two', 'three']);
  assert.deepEqual(await bodies(bob), ['one', 'two', 'four']);
  assert.deepEqual(await bodies(carol), ['three', 'four']);
});

test('a private message is written with the keyboard alone', async () => {
  const alice = await member('Alice');
  const bob = await member('Bob');
  const carol = await member('Carol');
  await seesPeople(alice, ['Alice', 'Bob', 'Carol']);
  await alice.focus('#room');
  const focused = () =>
    alice.evaluate(() => document.activeElement.dataset.name ?? document.activeElement.id);
  for (let stop = 1; stop <= 2; stop += 1) await alice.keyboard.press('Tab');
  assert.equal(await focused(), 'Bob', 'the next stop after the form for a room');
  await alice.keyboard.press('ArrowDown');
  assert.equal(await focused(), 'Carol');
  await alice.keyboard.press('Enter');
  assert.equal(await focused(), 'text');
  await alice.keyboard.type('typed for Carol');
  await alice.keyboard.press('Enter');
  await seesMessage(carol, 'typed for Carol', '.private');
  await alice.keyboard.press('Escape');
  assert.equal(await alice.locator('#target').count(), 0);
  await alice.keyboard.type('typed for all');
  await alice.keyboard.press('Enter');
  await seesMessage(bob, 'typed for all');
  assert.deepEqual(await bodies(bob), ['typed for all']);
});

test('the one who left keeps the chip, and what was not delivered is said and kept', async () => {
  const alice = await member('Alice');
  const bob = await member('Bob');
  await person(alice, 'Bob').click();
  await bob.click('#disconnect');
  await alice.locator('#target.absent').waitFor();
  await say(alice, 'too late, Bob');
  const failed = await seesMessage(alice, 'too late, Bob', '.failed');
  assert.match(await failed.textContent(), /Not delivered: Bob is not online/);
  assert.equal(await alice.inputValue('#text'), 'too late, Bob');
  assert.match(await alice.locator('#target').textContent(), /Private to Bob \(not online\)/);
  assert.equal(await alice.locator('.message.user').count(), 0);
});

test('a text that was not delivered can be edited again after something else was written', async () => {
  const alice = await member('Alice');
  const bob = await member('Bob');
  await person(alice, 'Bob').click();
  await bob.click('#disconnect');
  await alice.locator('#target.absent').waitFor();
  await say(alice, 'lost');
  const failed = await seesMessage(alice, 'lost', '.failed');
  await alice.press('#text', 'Escape');
  await alice.fill('#text', '');
  await failed.getByRole('button', { name: 'Edit again' }).click();
  assert.equal(await alice.inputValue('#text'), 'lost');
  assert.match(await alice.locator('#target').textContent(), /Private to Bob/);
});

test('script in a name and in a text stays text', async () => {
  const evilName = '<img src=x onerror=alert(1)>';
  const evilText = '<script>alert(2)</script><b onclick="alert(3)">bold</b> &amp; "quoted"';
  const alice = await member('Alice');
  const mallory = await member(evilName);
  await seesMessage(alice, `${evilName} joined the chat`, '.system');
  await say(mallory, evilText);
  const received = await seesMessage(alice, 'quoted', '.other');
  assert.equal(await received.locator('.body').textContent(), evilText);
  assert.equal(await received.locator('.name').textContent(), evilName);
  await person(alice, evilName).click();
  await say(alice, evilText);
  await seesMessage(mallory, 'quoted', '.private');
  for (const page of [alice, mallory]) {
    assert.equal(await page.locator('.app :is(img, b, script)').count(), 0);
    assert.equal(await page.locator('.message .body > *').count(), 0);
  }
});

test('emoji, combining, right-to-left and Chinese texts and names arrive unchanged', async () => {
  const name = '小明 👋🏽 محمد';
  const alice = await member('Alice');
  const other = await member(name);
  await seesPeople(alice, ['Alice', name]);
  const text = '你好 👩‍👩‍👧 e\u0301 مرحبا 𝓕 "\\/\u2028" {name} $& done';
  await say(other, text);
  assert.equal(
    await (await seesMessage(alice, 'done', '.other')).locator('.body').textContent(),
    text,
  );
});

test('Enter does not send while an input method is composing, and Shift+Enter starts a line', async () => {
  const alice = await member('Alice');
  await alice.focus('#text');
  const session = await alice.context().newCDPSession(alice);
  await session.send('Input.imeSetComposition', {
    text: 'ㄋㄧˇ',
    selectionStart: 3,
    selectionEnd: 3,
  });
  await alice.keyboard.press('Enter');
  await alice.evaluate(() =>
    document.getElementById('text').dispatchEvent(
      new KeyboardEvent('keydown', {
        key: 'Enter',
        keyCode: 229,
        bubbles: true,
        cancelable: true,
      }),
    ),
  );
  assert.deepEqual(await sentTexts(alice), []);
  await session.send('Input.insertText', { text: '你好' });
  await alice.keyboard.press('Shift+Enter');
  await alice.keyboard.type('second line');
  assert.deepEqual(await sentTexts(alice), []);
  await alice.keyboard.press('Enter');
  const shown = await seesMessage(alice, 'second line', '.user');
  const [sent] = await sentTexts(alice);
  assert.match(sent, /你好\nsecond line$/);
  assert.equal(await shown.locator('.body').textContent(), sent);
});

function sentTexts(page) {
  return page.evaluate(() =>
    window.sentFrames.filter(frame => frame.type === 'message').map(frame => frame.message),
  );
}

test('blank texts are not sent, and a text too long for a frame is refused and kept', async () => {
  const alice = await member('Alice');
  await say(alice, ' \n ');
  const long = '長'.repeat(30_000);
  await say(alice, long);
  await alice.locator('#hint').filter({ hasText: 'too long' }).waitFor();
  assert.equal(await alice.inputValue('#text'), long);
  assert.deepEqual(await sentTexts(alice), []);
  await isState(alice, 'online');
});

test('an invalid name is explained and opens no connection', async () => {
  const page = await visitor();
  const refused = [
    ['', /enter a name/],
    ['   ', /enter a name/],
    ['x'.repeat(33), /at most 32 characters; this one has 33/],
    ['a\u0007b', /control characters/],
    ['..', /cannot be names/],
  ];
  for (const [name, explanation] of refused) {
    await page.fill('#username', name);
    await page.press('#username', 'Enter');
    assert.match(await page.locator('#name-problem').textContent(), explanation);
    assert.equal(await page.getAttribute('#username', 'aria-invalid'), 'true');
  }
  assert.equal(await page.evaluate(() => window.sockets.length), 0);
  const longest = '👍'.repeat(32);
  await page.fill('#username', `  ${longest}  `);
  await page.press('#username', 'Enter');
  await isState(page, 'online');
  assert.equal(await page.locator('#name-problem').isVisible(), false);
  await seesPeople(page, [longest]);
});

test('names that are special in an address are one path segment', async () => {
  const alice = await member('Alice');
  for (const name of ['a/b', '50% + ?x=1#y', 'back\\slash', '.hidden']) {
    const page = await member(name);
    await seesPeople(alice, ['Alice', name]);
    await page.click('#disconnect');
    await seesPeople(alice, ['Alice']);
  }
});
