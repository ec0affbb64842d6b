// The page talks to the FastAPI program, too, which has no log, no acks and no rooms.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  bodies,
  chatSuite,
  FASTAPI,
  isState,
  person,
  roundTrip,
  say,
  seesMessage,
  Server,
} from './helpers.js';

const { member } = chatSuite();
let fastapi;

before(async () => {
  fastapi = await Server.start({ command: FASTAPI });
});

// With SIGKILL: uvicorn waits for its WebSockets before it ends.
after(() => fastapi?.kill());

const join = name => member(name, {}, fastapi);
const count = (texts, text) => texts.filter(body => body === text).length;

test('two people talk through FastAPI, and see each message once', async () => {
  const alice = await join('Alice');
  const bob = await join('Bob');
  await roundTrip(alice, [bob], 'Hello, Bob!');
  await roundTrip(bob, [alice], 'Hello, Alice!');
  for (const page of [alice, bob]) {
    const texts = await bodies(page);
    assert.equal(count(texts, 'Hello, Bob!'), 1);
    assert.equal(count(texts, 'Hello, Alice!'), 1);
  }
});

test('a private message through FastAPI reaches the one whom it is for', async () => {
  const carol = await join('Carol');
  const dave = await join('Dave');
  await person(carol, 'Dave').click();
  await say(carol, 'Only for you');
  await seesMessage(dave, 'Only for you');
});

test('the page comes back when FastAPI does, and sends what was written meanwhile', async () => {
  const erin = await join('Erin');
  await fastapi.kill();
  await isState(erin, 'waiting');
  await say(erin, 'Is anybody there?');
  await fastapi.startAgain();
  await isState(erin, 'online');
  const frank = await join('Frank');
  await roundTrip(erin, [frank], 'Here again');
  assert.equal(count(await bodies(erin), 'Is anybody there?'), 1);
});
