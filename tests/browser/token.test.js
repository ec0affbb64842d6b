// Tokens: where the page gets one, how it sends it, and what it says when it is invalid.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chatSuite, isState, join, seesMessage } from './helpers.js';
import { HOSTILE } from './hostile.js';
import { standIn, welcome } from './stand_in.js';

const chat = chatSuite();
const { visitor } = chat;

// A token that says of itself what is given; only a server could tell that its signature is not one.
function token(claims = {}) {
  const part = data => Buffer.from(JSON.stringify(data)).toString('base64url');
  return [part({ alg: 'HS256', typ: 'JWT' }), part({ sub: 'Alice', ...claims }), 'c2ln'].join('.');
}

// A stand-in that lets in whoever brings one of these tokens.
function guarded(page, tokens, options = {}) {
  return standIn(page, {
    open: (send, socket) => {
      const [scheme, given] = socket.protocols();
      if (scheme === 'bearer' && tokens.includes(given)) send(welcome());
      else socket.close({ code: 1008, reason: 'Unauthorized' });
    },
    ...options,
  });
}

async function connect(page, name = 'Alice') {
  await page.fill('#username', name);
  await page.click('#connect');
}

async function refused(page, explanation) {
  await isState(page, 'closed');
  assert.match(await page.locator('#reason').textContent(), explanation);
  assert.equal(await page.locator('#token').isVisible(), true);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'token');
  assert.equal(await page.inputValue('#token'), '');
}

// Follows a link with a token.
function follow(page, given) {
  return page.evaluate(value => {
    location.hash = `token=${value}`;
  }, given);
}

function asks(page, question) {
  return page.getByRole('alert').filter({ hasText: question }).waitFor();
}

function keptToken(page) {
  return page.evaluate(() => sessionStorage.getItem('chat.token'));
}

// Nothing that can be seen, copied or searched for in the page holds the token.
async function seesNo(page, secret) {
  assert.ok(!(await page.content()).includes(secret));
  assert.ok(!page.url().includes(secret));
  const values = await page.evaluate(() =>
    [...document.querySelectorAll('input, textarea')].map(({ value }) => value),
  );
  assert.ok(!values.includes(secret));
}

test('a token in the fragment gives the name, is sent as a subprotocol, and is gone from sight', async () => {
  const secret = token({ sub: '小明' });
  const page = await visitor();
  const server = await guarded(page, [secret]);
  await follow(page, secret);
  await asks(page, 'This link brings a token for “小明”. Use it in this tab?');
  assert.equal(await page.evaluate(() => location.hash), '');
  await page.click('#use-token');
  assert.equal(await page.inputValue('#username'), '小明');
  await page.click('#connect');
  await isState(page, 'online');
  assert.deepEqual(server.protocols, [['bearer', secret]]);
  await seesNo(page, secret);
  await page.reload();
  await page.click('#connect');
  await isState(page, 'online');
  assert.deepEqual(server.protocols[1], ['bearer', secret]);
});

test('a page that is opened with a token in its address takes it out', async () => {
  const page = await visitor();
  const server = await guarded(page, [token()]);
  await page.goto('about:blank');
  await page.goto(`${chat.server.url}/chat?x=1#token=${token()}`);
  assert.equal(page.url(), `${chat.server.url}/chat?x=1`);
  await page.click('#use-token');
  await page.click('#connect');
  await isState(page, 'online');
  assert.equal(server.connections, 1);
});

test('without a token no subprotocol is asked for; where one is needed, it is, and no loop begins', async () => {
  const page = await visitor();
  const server = await guarded(page, [token()]);
  assert.equal(await page.locator('#token').isVisible(), false);
  await connect(page);
  await refused(page, /This server asks for a token/);
  assert.deepEqual(server.protocols, [[]]);
  await page.clock.install({ time: 0 });
  await page.clock.pauseAt(1_000);
  await page.clock.runFor(120_000);
  await page.evaluate(() => window.dispatchEvent(new Event('online')));
  assert.equal(server.connections, 1);
  await page.fill('#token', ` ${token()} `);
  await page.press('#token', 'Enter');
  await isState(page, 'online');
  assert.deepEqual(server.protocols[1], ['bearer', token()]);
  assert.equal(await page.locator('#token').isVisible(), false);
  await seesNo(page, token());
});

test('what cannot be a token is said at its field and opens no connection', async () => {
  const page = await visitor();
  const server = await guarded(page, []);
  await connect(page);
  await refused(page, /asks for a token/);
  for (const wrong of ['secret', 'a.b', 'a.b.c d', 'a.b.c,chat']) {
    await page.fill('#token', wrong);
    await page.press('#token', 'Enter');
    await page.locator('#token-problem').filter({ hasText: 'This is not a token' }).waitFor();
    assert.equal(await page.getAttribute('#token', 'aria-invalid'), 'true');
  }
  assert.equal(server.connections, 1);
});

for (const [what, claims, explanation, kept] of [
  ['does not hold', {}, /does not accept this token/, false],
  ['has run out', { exp: 1_000_000_000 }, /Your token has expired/, false],
  ['is for somebody else', { sub: 'Bob' }, /The token is for “Bob”/, true],
]) {
  test(`a token that ${what} is refused with that explanation`, async () => {
    const page = await visitor();
    const server = await guarded(page, []);
    await connect(page);
    await refused(page, /asks for a token/);
    await page.fill('#token', token(claims));
    await page.click('#connect');
    await page.locator('#reason').filter({ hasText: explanation }).waitFor();
    await refused(page, explanation);
    await page.click('#connect');
    await isState(page, 'closed');
    assert.equal(server.protocols[2].length, kept ? 2 : 0, 'only a token of use is kept');
  });
}

test('a token that runs out on a live connection is said to, and nothing is tried again', async () => {
  const page = await visitor();
  const server = await guarded(page, [token()]);
  await connect(page);
  await refused(page, /asks for a token/);
  await page.fill('#token', token());
  await page.click('#connect');
  await isState(page, 'online');
  server.send({ type: 'error', code: 'token_expired', message: 'x' });
  server.close({ code: 1008, reason: 'Unauthorized' });
  await refused(page, /Your token has expired/);
  await seesMessage(page, 'Your token has expired', '.error');
  assert.equal(await page.evaluate(() => sessionStorage.getItem('chat.token')), null);
  assert.equal(server.connections, 2);
});

test('a new token in the address renews the one of an open connection', async () => {
  const renewed = token({ exp: 2_000_000_000 });
  const page = await visitor();
  const server = await standIn(page, {
    answer: (frame, send) => {
      if (frame.token === renewed) send({ type: 'refreshed', expires_in: 3_600 });
      else if (frame.type === 'refresh') send({ type: 'error', code: 'invalid_token' });
    },
  });
  await join(page, 'Alice');
  const offer = async given => {
    await follow(page, given);
    await page.click('#use-token');
  };
  await offer(token());
  await seesMessage(page, 'The new token is not valid; the old one stays', '.error');
  assert.equal(await keptToken(page), null);
  await offer(renewed);
  await seesMessage(page, 'Your token was renewed: 60 minutes left', '.system');
  assert.equal(await keptToken(page), renewed);
  assert.equal(server.connections, 1);
  await seesNo(page, renewed);
});

test('a link does not replace the token of the tab unless its reader says so', async () => {
  const mine = token();
  const theirs = token({ sub: 'Mallory' });
  const page = await visitor();
  const server = await guarded(page, [mine]);
  await follow(page, mine);
  await page.click('#use-token');
  await follow(page, theirs);
  await asks(page, 'This link brings a token for “Mallory”. Use it instead of the token for “Alice”?');
  assert.equal(await keptToken(page), mine);
  assert.equal(await page.inputValue('#username'), 'Alice');
  await page.click('#ignore-token');
  assert.equal(await page.locator('#token-offer').isVisible(), false);
  await page.click('#connect');
  await isState(page, 'online');
  assert.deepEqual(server.protocols, [['bearer', mine]]);
  await follow(page, theirs);
  await asks(page, 'Use it instead of the token for “Alice”?');
  await page.click('#language');
  await asks(page, '這個連結附有「Mallory」的權杖。要用它取代這個分頁裡「Alice」的權杖嗎？');
  await page.click('#ignore-token');
  await follow(page, token({ exp: 2_000_000_000 }));
  await asks(page, '這個連結附有「Alice」的新權杖。要用它取代原來的嗎？');
  await page.click('#ignore-token');
  assert.equal(await keptToken(page), mine);
  assert.deepEqual(server.received.filter(({ type }) => type === 'refresh'), []);
});

test('who is connected without a token is asked before a link brings one', async () => {
  const page = await visitor();
  const server = await standIn(page);
  await join(page, 'Alice');
  await follow(page, token({ sub: 'Mallory' }));
  await asks(page, 'a token for “Mallory”, and you are connected as “Alice”. Use it?');
  await page.click('#ignore-token');
  assert.equal(await keptToken(page), null);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'text');
  assert.deepEqual(server.received.filter(({ type }) => type === 'refresh'), []);
});

test('whose a token is cannot break the page or the question', async () => {
  const page = await visitor({ viewport: { width: 390, height: 844 } });
  await standIn(page);
  const claims = [...Object.values(HOSTILE).map(sub => ({ sub })), { sub: { a: 1 } }, { sub: null }];
  for (const claim of claims) {
    await follow(page, token(claim));
    await page.locator('#token-offer').waitFor();
    const outside = await page.evaluate(() =>
      ['#use-token', '#ignore-token', '#send', '#connect']
        .map(part => document.querySelector(part).getBoundingClientRect())
        .filter(box => box.left < 0 || box.right > innerWidth || box.bottom > innerHeight),
    );
    assert.deepEqual(outside, []);
    await page.click('#ignore-token');
  }
});
