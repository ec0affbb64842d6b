// How the page's connection lives: it comes back by itself, ends when told to, and is one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DEADLINE,
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
  watchSockets,
} from './helpers.js';

const chat = chatSuite();
const { member, visitor } = chat;

function openSockets(page) {
  return page.evaluate(
    () => window.sockets.filter(socket => socket.readyState <= WebSocket.OPEN).length,
  );
}

// Stands in for a server whose connections end with a given code; `ends` says how each one does.
async function serverThatCloses(page, ends) {
  let connections = 0;
  await page.routeWebSocket(/\/ws\/chat\//, socket => {
    connections += 1;
    ends(socket, connections);
  });
  await page.addInitScript(watchSockets); // anew: the stand-in replaces WebSocket
  await page.reload();
  return { count: () => connections };
}

// From here on the page's time moves only by clock.runFor.
async function stopClock(page) {
  await page.clock.install({ time: 0 });
  await page.clock.pauseAt(1_000);
}

const welcome = JSON.stringify({
  type: 'system',
  event: 'welcome',
  message: 'hi',
  username: 'Alice',
  connected_count: 1,
  connected_users: ['Alice'],
  heartbeat_interval: 10,
});

test('the server is stopped and started again, and the pages come back with the right list', async () => {
  const alice = await member('Alice');
  const bob = await member('Bob');
  const carol = await member('Carol');
  await seesPeople(alice, ['Alice', 'Bob', 'Carol']);
  await chat.server.stop();
  await seesMessage(alice, 'The server is shutting down', '.system');
  await carol.locator('#status').filter({ hasText: '❌ Disconnected' }).waitFor();
  await seesPeople(carol, []);
  await carol.close();
  await chat.server.restart();
  for (const page of [alice, bob]) {
    await isState(page, 'online');
    await seesPeople(page, ['Alice', 'Bob']);
    assert.equal(await page.locator('#notice').isVisible(), false);
  }
  await roundTrip(alice, [bob], 'we are back');
});

test('what was being written survives a reconnection, and what was sent meanwhile goes out', async () => {
  const alice = await member('Alice');
  await chat.server.stop();
  await isState(alice, 'waiting');
  await say(alice, 'sent into the break');
  const waiting = await seesMessage(alice, 'sent into the break', '.pending');
  assert.match(await waiting.textContent(), /Goes out once you are connected/);
  await alice.fill('#text', 'kept over the break');
  await chat.server.restart();
  await seesMessage(alice, 'sent into the break', '.user');
  assert.equal(await alice.inputValue('#text'), 'kept over the break');
  await alice.press('#text', 'Enter');
  await seesMessage(alice, 'kept over the break', '.user');
  assert.deepEqual(await bodies(alice), ['sent into the break', 'kept over the break']);
});

test('a page that reconnected has one socket and shows and answers everything once', async () => {
  const alice = await member('Alice');
  for (const round of [1, 2, 3]) {
    await chat.server.restart();
    await isState(alice, 'online');
    await roundTrip(alice, [], `round ${round}`);
  }
  const bob = await member('Bob');
  await alice.evaluate(() => {
    window.sentFrames.length = 0;
  });
  await say(alice, 'said once');
  await roundTrip(bob, [alice], 'heard once');
  assert.deepEqual((await bodies(alice)).slice(-2), ['said once', 'heard once']);
  assert.equal(await openSockets(alice), 1);
  const messages = await alice.evaluate(
    () => window.sentFrames.filter(frame => frame.type === 'message').length,
  );
  assert.equal(messages, 1);
  await alice.evaluate(() => {
    window.sentFrames.length = 0;
    window.sockets.at(-1).dispatchEvent(new MessageEvent('message', { data: '{"type":"ping"}' }));
  });
  assert.deepEqual(await alice.evaluate(() => window.sentFrames), [{ type: 'pong' }]);
});

test("an old socket's handlers do not touch the new connection", async () => {
  const alice = await member('Alice');
  await alice.click('#disconnect');
  await isState(alice, 'closed');
  await join(alice, 'Alice');
  await alice.evaluate(
    frame => {
      const old = window.sockets[0];
      old.dispatchEvent(new MessageEvent('message', { data: frame }));
      old.dispatchEvent(
        new MessageEvent('message', {
          data: '{"type":"system","event":"join","username":"Ghost"}',
        }),
      );
      old.dispatchEvent(new CloseEvent('close', { code: 1006 }));
    },
    JSON.stringify({ type: 'message', username: 'Ghost', message: 'from the old socket' }),
  );
  await roundTrip(alice, [], 'still here');
  assert.deepEqual(await bodies(alice), ['still here']);
  await seesPeople(alice, ['Alice']);
  assert.equal(await alice.evaluate(() => document.body.dataset.state), 'online');
  assert.equal(await alice.evaluate(() => window.sockets.length), 2);
});

test('the disconnect button closes the connection, and nothing opens it again', async () => {
  const alice = await member('Alice');
  const bob = await member('Bob');
  await alice.click('#disconnect');
  await seesMessage(bob, 'Alice left the chat', '.system');
  assert.deepEqual((await chat.server.status()).connected_users, ['Bob']);
  await isState(alice, 'closed');
  assert.match(await alice.locator('#status').textContent(), /❌ Disconnected/);
  await stopClock(alice);
  await alice.evaluate(() => window.dispatchEvent(new Event('online')));
  await alice.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
  await alice.clock.runFor(120_000);
  assert.equal(await alice.evaluate(() => window.sockets.length), 1);
  assert.equal(await openSockets(alice), 0);
  assert.equal(await alice.locator('#connect').isVisible(), true);
});

test('disconnecting while waiting for the next try ends the waiting', async () => {
  const page = await visitor();
  const served = await serverThatCloses(page, socket => socket.close({ code: 1013 }));
  await stopClock(page);
  await page.fill('#username', 'Alice');
  await page.click('#connect');
  await isState(page, 'waiting');
  await page.click('#disconnect');
  const before = served.count();
  await page.clock.runFor(120_000);
  assert.equal(served.count(), before);
  assert.equal(await page.evaluate(() => document.body.dataset.state), 'closed');
});

test('a silent page is closed with "Heartbeat timeout", says so and comes back', async () => {
  const strict = await Server.start({
    args: ['--heartbeat-interval', '0.2', '--heartbeat-timeout', '1'],
  });
  try {
    const page = await visitor({}, strict);
    await page.evaluate(() => {
      window.deaf = true;
      const send = WebSocket.prototype.send;
      WebSocket.prototype.send = function (text) {
        if (!window.deaf) send.call(this, text);
      };
    });
    await join(page, 'Sleepy');
    await seesMessage(page, 'Heartbeat timeout', '.system');
    await page.waitForFunction(
      () => document.body.dataset.state === 'waiting' && !(window.deaf = false),
    );
    await isState(page, 'online');
    await roundTrip(page, [], 'awake');
    await page.close();
  } finally {
    await strict.stop();
  }
});

test('a page that answers pings stays connected for longer than the timeout', async () => {
  const strict = await Server.start({
    args: ['--heartbeat-interval', '0.2', '--heartbeat-timeout', '1'],
  });
  try {
    const page = await member('Awake', {}, strict);
    await page.waitForFunction(
      () => window.sentFrames.filter(frame => frame.type === 'pong').length >= 12,
    );
    assert.equal(await page.evaluate(() => window.sockets.length), 1);
    assert.equal(await page.evaluate(() => document.body.dataset.state), 'online');
    await page.close();
  } finally {
    await strict.stop();
  }
});

test('a heartbeat is sent every 10 seconds, and a server that answers none is given up', async () => {
  const page = await visitor();
  const served = await serverThatCloses(page, socket => socket.send(welcome));
  await stopClock(page);
  await join(page, 'Alice');
  const heartbeats = () =>
    page.evaluate(() => window.sentFrames.filter(frame => frame.type === 'heartbeat').length);
  await page.clock.runFor(9_900);
  assert.equal(await heartbeats(), 0);
  await page.clock.runFor(200);
  assert.equal(await heartbeats(), 1);
  await page.clock.runFor(10_000);
  assert.equal(await heartbeats(), 2);
  assert.equal(served.count(), 1);
  await page.clock.runFor(11_000);
  await seesMessage(page, 'The server does not answer', '.system');
  await page.clock.runFor(1_000);
  await isState(page, 'online');
  assert.equal(served.count(), 2);
});

for (const [code, reason, again, said] of [
  [1001, '', true, /shutting down/],
  [1011, '', true, /internal error/],
  [1012, '', true, /restarting/],
  [1013, 'Slow consumer', true, /overloaded|too slow/],
  [1008, 'Heartbeat timeout', true, /Heartbeat timeout/],
  [1008, 'Invalid username', false, /Invalid username/],
  [1008, 'Unauthorized', false, /Unauthorized/],
  [1008, 'Something new', false, /Something new/],
]) {
  test(`close code ${code} ${reason} is explained and ${again ? 'tried again' : 'final'}`, async () => {
    const page = await visitor();
    const served = await serverThatCloses(page, (socket, count) => {
      if (count === 1) socket.close({ code, reason });
      else socket.send(welcome);
    });
    await stopClock(page);
    await page.fill('#username', 'Alice');
    await page.click('#connect');
    await isState(page, again ? 'waiting' : 'closed');
    assert.match(await page.locator('#reason').textContent(), said);
    assert.equal(await page.locator('#notice').isVisible(), true);
    await page.clock.runFor(again ? 500 : 120_000);
    if (again) await isState(page, 'online');
    assert.equal(served.count(), again ? 2 : 1);
  });
}

test('the delays between tries double from half a second to half a minute', async () => {
  const page = await visitor();
  await page.addInitScript(() => {
    Math.random = () => 1;
  });
  await serverThatCloses(page, socket => socket.close({ code: 1013 }));
  await stopClock(page);
  await page.fill('#username', 'Alice');
  await page.click('#connect');
  let tries = 1;
  for (const delay of [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
    await isState(page, 'waiting');
    await page.clock.runFor(delay - 1);
    assert.equal(
      await page.evaluate(() => window.sockets.length),
      tries,
      `no try ${delay - 1} ms after try ${tries}`,
    );
    await page.clock.runFor(1);
    tries += 1;
    assert.equal(await page.evaluate(() => window.sockets.length), tries);
  }
});

for (const [name, occasion] of [
  ['the network is back', () => window.dispatchEvent(new Event('online'))],
  ['the tab becomes visible', () => document.dispatchEvent(new Event('visibilitychange'))],
  ['the reader asks for it', () => document.getElementById('retry').click()],
]) {
  test(`a waiting page tries again at once when ${name}`, async () => {
    const page = await visitor();
    await page.addInitScript(() => {
      Math.random = () => 1;
    });
    await serverThatCloses(page, (socket, count) => {
      if (count === 1) socket.close({ code: 1013 });
      else socket.send(welcome);
    });
    await stopClock(page);
    await page.fill('#username', 'Alice');
    await page.click('#connect');
    await isState(page, 'waiting');
    await page.evaluate(occasion);
    await isState(page, 'online');
  });
}

test('messages that the server never answered are shown as perhaps lost, with their text', async () => {
  const page = await visitor();
  let first;
  await serverThatCloses(page, (socket, count) => {
    socket.send(welcome);
    if (count === 1) first = socket;
    socket.onMessage(frame => {
      if (JSON.parse(frame).type === 'message') first.close({ code: 1011 });
    });
  });
  await join(page, 'Alice');
  await say(page, 'swallowed');
  const failed = await seesMessage(page, 'swallowed', '.failed');
  assert.match(await failed.textContent(), /Perhaps not delivered/);
  assert.equal(await page.inputValue('#text'), 'swallowed');
});

test(
  'both ends of one name get private messages, and the list names it once',
  { timeout: 4 * DEADLINE },
  async () => {
    const phone = await member('Alice');
    const laptop = await member('Alice');
    const bob = await member('Bob');
    for (const page of [phone, laptop, bob]) await seesPeople(page, ['Alice', 'Bob']);
    await bob.locator('#users button').filter({ hasText: 'Alice' }).click();
    await say(bob, 'to both');
    for (const page of [phone, laptop]) await seesMessage(page, 'to both', '.private');
    await phone.click('#disconnect');
    await bob.press('#text', 'Escape');
    await roundTrip(bob, [laptop], 'one left');
    assert.deepEqual((await names(bob)).sort(), ['Alice', 'Bob']);
  },
);
