// How the page looks and reads: languages, scrolling, phones, colours, and what stays in it.

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

const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true };

const chat = chatSuite();
const { member, visitor } = chat;

// Puts frames into the page as if the server had sent them.
function deliver(page, frames) {
  return page.evaluate(list => {
    for (const frame of list) {
      window.sockets
        .at(-1)
        .dispatchEvent(new MessageEvent('message', { data: JSON.stringify(frame) }));
    }
  }, frames);
}

function chatter(count, username = 'Bob') {
  return Array.from({ length: count }, (_, index) => ({
    type: 'message',
    username,
    message: `line ${index + 1}`,
    timestamp: new Date().toISOString(),
  }));
}

function distanceFromEnd(page) {
  return page
    .locator('#messages')
    .evaluate(log => log.scrollHeight - log.scrollTop - log.clientHeight);
}

test('a reader at the end stays at the end', async () => {
  const alice = await member('Alice');
  await deliver(alice, chatter(60));
  await seesMessage(alice, 'line 60');
  assert.ok((await distanceFromEnd(alice)) < 2);
  await roundTrip(alice, [], 'one more');
  assert.ok((await distanceFromEnd(alice)) < 2);
});

test('a reader who scrolled up stays there, and a button leads to the new messages', async () => {
  const alice = await member('Alice');
  const bob = await member('Bob');
  await deliver(alice, chatter(60));
  await seesMessage(alice, 'line 60');
  const log = alice.locator('#messages');
  await log.evaluate(element => {
    element.scrollTop = 100;
  });
  await roundTrip(bob, [alice], 'below the fold');
  await roundTrip(bob, [alice], 'also below');
  assert.equal(await log.evaluate(element => element.scrollTop), 100);
  assert.equal(await alice.locator('#newer').textContent(), '↓ New messages (2)');
  await alice.click('#newer');
  await alice.locator('#newer').waitFor({ state: 'hidden' });
  assert.ok((await distanceFromEnd(alice)) < 2);
});

test('an open keyboard does not hide the newest message', async () => {
  const alice = await member('Alice', PHONE);
  await deliver(alice, chatter(40));
  await seesMessage(alice, 'line 40');
  await alice.setViewportSize({ width: 360, height: 400 });
  await alice.waitForFunction(() => {
    const newest = document.querySelector('#messages').lastElementChild.getBoundingClientRect();
    const field = document.querySelector('#text').getBoundingClientRect();
    return newest.bottom <= field.top && field.bottom <= window.innerHeight && newest.top > 0;
  });
});

test('a tab that is open all day keeps the newest thousand messages', async () => {
  const alice = await member('Alice');
  await deliver(alice, chatter(1_500));
  await seesMessage(alice, 'line 1500');
  await deliver(alice, chatter(700, 'Carol'));
  await seesMessage(alice, 'line 700');
  assert.equal(await alice.locator('#messages > *').count(), 1_000);
  assert.equal((await bodies(alice)).at(-1), 'line 700');
});

for (const [locale, title, status] of [
  ['zh-TW', 'WebSocket 聊天室', '未連線'],
  ['zh-HK', 'WebSocket 聊天室', '未連線'],
  ['en-GB', 'WebSocket chat room', 'Not connected'],
  ['de-DE', 'WebSocket chat room', 'Not connected'],
]) {
  test(`a browser set to ${locale} sees "${status}"`, async () => {
    const page = await visitor({ locale });
    assert.equal(await page.locator('h1').textContent(), title);
    assert.equal(await page.title(), title);
    assert.equal(await page.locator('#status').textContent(), status);
    assert.equal(await page.getAttribute('html', 'lang'), locale.startsWith('zh') ? 'zh-TW' : 'en');
  });
}

test('the language switch changes what is already shown, and is remembered', async () => {
  const alice = await member('Alice', { locale: 'zh-TW' });
  assert.equal(await alice.locator('#status').textContent(), '✅ 已連線（心跳檢測已啟用）');
  const bob = await member('Bob');
  await seesMessage(alice, 'Bob 加入了聊天室', '.system');
  await person(alice, 'Bob').click();
  await say(alice, '只給 Bob');
  await seesMessage(alice, '私訊給 Bob', '.private');
  await alice.click('#language');
  await seesMessage(alice, 'Bob joined the chat', '.system');
  await seesMessage(alice, 'private to Bob', '.private');
  assert.equal(
    await alice.locator('#status').textContent(),
    '✅ Connected (heartbeat detection on)',
  );
  assert.equal(await alice.locator('#people-title').textContent(), 'Online (2)');
  assert.match(await alice.locator('#target').textContent(), /Private to Bob/);
  assert.equal(await alice.locator('#send').textContent(), 'Send');
  assert.deepEqual(await bodies(bob), ['只給 Bob']);
  await alice.reload();
  assert.equal(await alice.locator('#status').textContent(), 'Not connected');
  await alice.click('#language');
  assert.equal(await alice.locator('#status').textContent(), '未連線');
});

test('no text of either language is missing or left unfilled', async () => {
  const page = await visitor();
  const wrong = await page.evaluate(async () =>
    Object.entries((await import('/static/chat/texts.js')).TEXTS).filter(
      ([, pair]) =>
        pair.length !== 2 ||
        pair.some(text => !text) ||
        String(pair[0].match(/\{\w+\}/g)?.sort()) !== String(pair[1].match(/\{\w+\}/g)?.sort()),
    ),
  );
  assert.deepEqual(wrong, []);
});

test('errors are told by their code, and unknown ones by their message', async () => {
  const alice = await member('Alice', { locale: 'zh-TW' });
  await deliver(alice, [
    { type: 'error', code: 'invalid_format', message: 'a' },
    { type: 'error', code: 'unknown_type', message: 'b' },
    { type: 'error', code: 'user_offline', message: 'c' },
    { type: 'error', code: 'name_taken', message: 'd' },
    { type: 'error', code: 'of_tomorrow', message: 'Come back tomorrow' },
    { type: 'system', event: 'of_tomorrow', message: 'A new kind of notice' },
    { type: 'of_tomorrow' },
    null,
    'text',
  ]);
  await seesMessage(alice, 'A new kind of notice', '.system');
  assert.deepEqual(await alice.locator('.system.error > span').allTextContents(), [
    '訊息格式錯誤',
    '伺服器不認得這種訊息',
    '私訊的對象不在線上',
    '這個名字已有人使用',
    'Come back tomorrow',
  ]);
  await roundTrip(alice, [], 'still talking');
});

test('a phone has no horizontal scroll, fields that do not zoom, and all controls in view', async () => {
  const longName = '很長的名字'.repeat(6);
  const phone = await member(longName, PHONE);
  const bob = await member('Bob');
  await roundTrip(bob, [phone], 'w'.repeat(600));
  await say(phone, `${'長'.repeat(300)} ${'🎉'.repeat(100)}`);
  await seesMessage(phone, '🎉', '.user');
  await person(phone, 'Bob').tap();
  await phone.locator('#target').waitFor();
  for (const height of [740, 400]) {
    await phone.setViewportSize({ width: 360, height });
    const fit = await phone.evaluate(() => ({
      page: document.scrollingElement.scrollWidth <= window.innerWidth,
      log:
        document.querySelector('#messages').scrollWidth <=
        document.querySelector('#messages').clientWidth,
      outside: [
        ...document.querySelectorAll('#text, #send, #target, #language, #disconnect, #status'),
      ]
        .filter(element => {
          const box = element.getBoundingClientRect();
          return (
            box.left < 0 ||
            box.top < 0 ||
            box.right > window.innerWidth ||
            box.bottom > window.innerHeight
          );
        })
        .map(element => element.id),
      fonts: ['#text', '#username'].map(
        field => getComputedStyle(document.querySelector(field)).fontSize,
      ),
    }));
    assert.deepEqual(fit, { page: true, log: true, outside: [], fonts: ['16px', '16px'] });
  }
});

test('dark mode keeps own messages blue and darkens the rest', async () => {
  const alice = await member('Alice', { colorScheme: 'dark' });
  await roundTrip(alice, [], 'in the dark');
  const colours = await alice.evaluate(() =>
    ['body', '#messages', '.message.user', '#text'].map(
      part => getComputedStyle(document.querySelector(part)).backgroundColor,
    ),
  );
  assert.equal(colours[2], 'rgb(76, 104, 230)');
  const brightness = colour => Math.max(...colour.match(/\d+/g).slice(0, 3).map(Number));
  assert.ok(brightness(colours[0]) < 64 && brightness(colours[3]) < 64);
});

test('the page needs no other host, no inline handlers and no inline styles', async () => {
  const page = await visitor();
  const html = await (await page.request.get(`${chat.server.url}/chat`)).text();
  assert.deepEqual(html.match(/<script.*?>./gs), ['<script type="module" src="/static/chat/main.js"><']);
  assert.doesNotMatch(html, /<style/);
  assert.doesNotMatch(html, /\s(?:style|on\w+)=/);
  assert.doesNotMatch(html, /(?:src|href|action)\s*=\s*["']?(?:https?:)?\/\//);
  const loaded = await page.evaluate(() =>
    performance.getEntriesByType('resource').map(({ name }) => name.replace(location.origin, '')),
  );
  assert.deepEqual(
    loaded.filter(name => !/^data:|^\/static\//.test(name)),
    [],
  );
  const scripts = loaded.filter(name => name.endsWith('.js'));
  assert.ok(scripts.length > 5, 'the modules that the page consists of');
  for (const script of scripts) {
    const source = await (await page.request.get(`${chat.server.url}${script}`)).text();
    assert.doesNotMatch(
      source,
      /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function/,
      script,
    );
  }
});

test('the page works under a Content-Security-Policy of files from its own host only', async () => {
  const page = await visitor();
  // An altered answer counts as a stranger's, who may not reach this machine unasked.
  await page.context().grantPermissions(['local-network-access']);
  const violations = [];
  page.on('console', message => {
    if (message.text().includes('Content Security Policy')) violations.push(message.text());
  });
  await page.route('**/chat', async route => {
    const response = await route.fetch();
    const policy =
      "default-src 'none'; connect-src 'self'; img-src data:; script-src 'self'; style-src 'self'";
    const headers = { ...response.headers(), 'content-security-policy': policy };
    await route.fulfill({ response, headers });
  });
  await page.reload();
  await join(page, 'Alice');
  await roundTrip(page, [], 'one\ntwo\nthree');
  assert.deepEqual(violations, []);
  const injectedRan = await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.injected = true';
    document.body.append(script);
    return window.injected === true;
  });
  assert.equal(injectedRan, false);
});

test('every control has a name for assistive technology, and the log announces itself', async () => {
  const alice = await member('Alice');
  await member('Bob');
  await seesPeople(alice, ['Alice', 'Bob']);
  await person(alice, 'Bob').click();
  for (const [role, name] of [
    ['textbox', 'Your name'],
    ['button', 'Disconnect'],
    ['button', '切換為中文'],
    ['button', 'Bob'],
    ['button', 'Stop writing privately'],
    ['textbox', 'Private message to Bob'],
    ['button', 'Send'],
    ['log', 'Messages'],
    ['list', 'Online (2)'],
  ]) {
    assert.equal(
      await alice.getByRole(role, { name, exact: true }).count(),
      1,
      `${role} "${name}"`,
    );
  }
  assert.equal(await alice.getAttribute('#messages', 'aria-live'), 'polite');
});

test('a page in the background counts unread messages in its title', async () => {
  const alice = await member('Alice');
  const bob = await member('Bob');
  await alice.evaluate(() =>
    Object.defineProperty(document, 'hidden', { value: true, configurable: true }),
  );
  await roundTrip(bob, [alice], 'are you there?');
  assert.equal(await alice.title(), '(1) WebSocket chat room');
  await alice.evaluate(() => {
    Object.defineProperty(document, 'hidden', { value: false, configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  assert.equal(await alice.title(), 'WebSocket chat room');
  await isState(alice, 'online');
});
