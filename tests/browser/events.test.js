// The page without WebSockets: when its address asks for it, and where none gets through.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chatSuite, isState, join, roundTrip, say, seesMessage, seesPeople } from './helpers.js';

const chat = chatSuite();
const { member, visitor } = chat;

function isTransport(page, transport) {
  return page.locator(`body[data-transport="${transport}"]`).waitFor();
}

test('by a stream it does all that it does by a WebSocket, also after a restart', async () => {
  const alice = await member('Alice');
  const bob = await visitor();
  await bob.goto(`${chat.server.url}/chat?transport=sse`);
  await join(bob, 'Bob');
  await isTransport(bob, 'sse');
  assert.equal(await bob.evaluate(() => window.sockets.length), 0);
  await seesPeople(alice, ['Alice', 'Bob']);
  await roundTrip(bob, [alice], 'from the stream');
  await roundTrip(alice, [bob], 'from the WebSocket');
  // It fills its outbox while nobody is there, and empties it, once and in order, when it's back.
  await chat.server.stop();
  await isState(bob, 'waiting');
  await say(bob, 'written meanwhile');
  await chat.server.restart();
  await isState(bob, 'online');
  await isState(alice, 'online');
  await seesMessage(alice, 'written meanwhile');
  const own = bob.locator('.message.user .body', { hasText: 'written meanwhile' });
  await own.waitFor();
  assert.equal(await own.count(), 1);
});

test('after three handshakes that fail without a word it takes the stream', async () => {
  const alice = await member('Alice');
  const bob = await visitor();
  // As a proxy does that doesn't know what an upgrade is.
  await bob.addInitScript(() => {
    const Real = window.WebSocket;
    window.tries = 0;
    window.WebSocket = class extends Real {
      constructor(url, protocols) {
        window.tries += 1;
        super(url.replace('/ws/chat/', '/no-such-endpoint/'), protocols);
      }
    };
  });
  await bob.reload();
  await bob.fill('#username', 'Bob');
  await bob.click('#connect');
  await isState(bob, 'online');
  await isTransport(bob, 'sse');
  assert.equal(await bob.evaluate(() => window.tries), 3);
  await roundTrip(bob, [alice], 'got through');
});
