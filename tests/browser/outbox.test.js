// What is to be sent: in order, kept, owned by one tab, and said twice only where that is asked for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fate, newId, Outbox, parseEntries, SURE_FOR } from '../../static/chat/outbox.js';
import { Tab } from '../../static/chat/tabs.js';

const MINUTE = 60_000;

function store() {
  const kept = { text: null, write: text => { kept.text = text; } };
  return kept;
}

function outboxWith(...texts) {
  const clock = { now: 0 };
  const kept = store();
  const outbox = new Outbox(kept, () => clock.now);
  texts.forEach(text => outbox.add({ id: text, user: 'Alice', text }));
  return { clock, kept, outbox };
}

function texts(entries) {
  return entries.map(({ text }) => text);
}

const always = () => true;

test('what is written is kept before it is sent, until it is acknowledged', () => {
  const { kept, outbox } = outboxWith('one', 'two');
  assert.deepEqual(texts(parseEntries(kept.text)), ['one', 'two']);
  const [one] = outbox.due(always);
  outbox.takeOff(one, { epoch: 'e', seq: 4 });
  assert.deepEqual(parseEntries(kept.text)[0].tried, { at: 0, position: { epoch: 'e', seq: 4 } });
  outbox.remove(one);
  assert.deepEqual(texts(parseEntries(kept.text)), ['two']);
  outbox.remove(outbox.entries[0]);
  assert.equal(kept.text, null);
});

test('messages go out one after the other, those of another room beside them', () => {
  const { outbox } = outboxWith('one', 'two');
  outbox.add({ id: 'r', user: 'Alice', text: 'in a room', room: 'cpp' });
  assert.deepEqual(texts(outbox.due(always)), ['one', 'in a room']);
  outbox.due(always).forEach(entry => outbox.takeOff(entry, null));
  assert.deepEqual(outbox.due(always), []);
  outbox.remove(outbox.find('one'));
  assert.deepEqual(texts(outbox.due(always)), ['two']);
  assert.deepEqual(texts(outbox.due(({ room }) => room !== null)), []);
});

test('what was not answered goes out again first, under its own id', () => {
  const { outbox } = outboxWith('one', 'two');
  const [one] = outbox.due(always);
  outbox.takeOff(one, null);
  assert.equal(outbox.land(one), true);
  assert.equal(outbox.land(one), false);
  assert.equal(outbox.due(always)[0], one);
  assert.equal(one.id, 'one');
});

test('a pause holds all back, and what was refused is known not to be there', () => {
  const { clock, outbox } = outboxWith('one', 'two');
  const [one] = outbox.due(always);
  outbox.takeOff(one, { epoch: 'e', seq: 4 });
  outbox.tryLater(one, 700);
  assert.equal(one.tried, null);
  assert.equal(outbox.pause, 700);
  assert.deepEqual(outbox.due(always), []);
  clock.now = 700;
  assert.deepEqual(outbox.due(always), [one]);
});

test('what failed stays, lets the next pass, and is sent again when that is asked for', () => {
  const { kept, outbox } = outboxWith('one', 'two');
  const [one] = outbox.entries;
  outbox.takeOff(one, null);
  outbox.fail(one, ['failed.lost']);
  assert.deepEqual(texts(outbox.due(always)), ['two']);
  assert.deepEqual(parseEntries(kept.text)[0].problem, ['failed.lost']);
  outbox.tryAgain(one);
  assert.deepEqual(outbox.due(always), [one]);
});

test('a full storage loses nothing while the page is there, and is noticed', () => {
  const { kept, outbox } = outboxWith();
  const { write } = kept;
  kept.write = () => { throw new Error('QuotaExceededError'); };
  outbox.add({ id: '1', user: 'Alice', text: 'kept here' });
  assert.equal(outbox.isKept, false);
  assert.deepEqual(texts(outbox.due(always)), ['kept here']);
  kept.write = write;
  outbox.save();
  assert.equal(outbox.isKept, true);
});

test('an outbox is bounded, by number and by size', () => {
  const { outbox } = outboxWith();
  for (let number = 1; number <= 200; number += 1) {
    assert.ok(outbox.hasRoomFor('x'));
    outbox.add({ id: String(number), user: 'Alice', text: 'x' });
  }
  assert.equal(outbox.hasRoomFor('x'), false);
  const { outbox: other } = outboxWith('x'.repeat(990_000));
  assert.ok(other.hasRoomFor('x'.repeat(10_000)));
  assert.equal(other.hasRoomFor('x'.repeat(10_001)), false);
});

test('what somebody else wrote into the storage is no entry', () => {
  for (const wrong of [null, '', '{', '{}', '[1, null, {}]', '[{"id":1,"text":"x","user":"a"}]']) {
    assert.deepEqual(parseEntries(wrong), [], String(wrong));
  }
});

test('a message that may be there already is sent again only where a repeat is known', () => {
  const tried = { at: 0, position: { epoch: 'e', seq: 10 } };
  const soon = SURE_FOR - 1;
  const late = 70 * MINUTE;
  const log = (epoch, first) => ({ epoch, first });
  for (const [what, entry, position, now, expected] of [
    ['it was never sent', { tried: null, target: null }, log('e', 50), late, 'send'],
    ['the server knows a repeat', { tried, target: null }, log('e', 50), soon, 'send'],
    ['all that was said since is known', { tried, target: null }, log('e', 11), late, 'send'],
    ['something between is not known', { tried, target: null }, log('e', 12), late, 'ask'],
    ['nobody can look into their inbox', { tried, target: 'Bob' }, log('e', 1), late, 'ask'],
    ['the log began anew', { tried, target: 'Bob' }, log('f', 50), late, 'send'],
    ['it went to a server without a log', { tried: { at: 0, position: null }, target: null },
      log('e', 1), soon, 'ask'],
  ]) {
    assert.equal(fate(entry, position, now), expected, what);
  }
});

test('an id is a UUID of version 4, with and without randomUUID', () => {
  const plain = { getRandomValues: bytes => globalThis.crypto.getRandomValues(bytes) };
  const ids = Array.from({ length: 500 }, () => newId(plain)).concat(newId());
  for (const id of ids) {
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
  assert.equal(new Set(ids).size, ids.length);
});

// What a browser gives to all tabs of an origin; each tab that is ended lets go of its locks.
function browser({ withLocks = true } = {}) {
  const items = new Map();
  const storage = {
    get length() { return items.size; },
    key: index => [...items.keys()][index] ?? null,
    getItem: key => items.get(key) ?? null,
    setItem: (key, value) => items.set(key, value),
    removeItem: key => items.delete(key),
  };
  const held = new Map();
  const waiting = [];
  const grant = (name, work) => {
    const ended = Promise.resolve(work()).then(() => {
      held.delete(name);
      const next = waiting.findIndex(one => one.name === name);
      if (next >= 0) waiting.splice(next, 1)[0].begin();
    });
    held.set(name, ended);
    return ended;
  };
  const locks = {
    request: (name, work) => (held.has(name)
      ? new Promise(done => { waiting.push({ name, begin: () => done(grant(name, work)) }); })
      : grant(name, work)),
    query: async () => ({ held: [...held.keys()].map(name => ({ name })) }),
  };
  const clock = { now: 0 };
  return {
    storage,
    clock,
    open: async id => {
      const tab = new Tab({ id, storage, locks: withLocks ? locks : undefined, now: () => clock.now });
      await tab.live();
      return { tab, outbox: new Outbox(tab, () => clock.now) };
    },
    kill: id => {
      held.delete(`chat.tab.${id}`);
      const next = waiting.findIndex(({ name }) => name === `chat.tab.${id}`);
      if (next >= 0) waiting.splice(next, 1)[0].begin();
    },
  };
}

const isAlices = entry => entry.user === 'Alice';

function takeOver({ tab, outbox }) {
  return tab.adopt(parseEntries, isAlices, entries => outbox.adopt(entries));
}

for (const withLocks of [true, false]) {
  const way = withLocks ? 'with locks' : 'without locks';

  test(`a living tab keeps its messages, and a dead one hands them over once, ${way}`, async () => {
    const { open, kill, clock, storage } = browser({ withLocks });
    const first = await open('1');
    const second = await open('2');
    const third = await open('3');
    first.outbox.add({ id: 'a', user: 'Alice', text: 'of the first' });
    first.outbox.add({ id: 'b', user: 'Bob', text: 'of somebody else' });
    clock.now = MINUTE;
    second.outbox.add({ id: 'c', user: 'Alice', text: 'of the second' });
    await takeOver(second);
    assert.deepEqual(texts(second.outbox.entries), ['of the second']);
    kill('1');
    clock.now = 5 * MINUTE;
    second.tab.sayAlive();
    third.tab.sayAlive();
    await Promise.all([takeOver(second), takeOver(third)]);
    const all = [...second.outbox.entries, ...third.outbox.entries];
    assert.deepEqual(texts(all).sort(), ['of the first', 'of the second']);
    assert.deepEqual(texts(parseEntries(storage.getItem('chat.outbox.1'))), ['of somebody else']);
  });
}

test('what a dead tab left is sent in the order in which all was written', async () => {
  const { open, kill, clock } = browser();
  const first = await open('1');
  const second = await open('2');
  for (const [time, { outbox }, text] of [[1, first, 'a'], [2, second, 'b'], [3, first, 'c']]) {
    clock.now = time;
    outbox.add({ id: text, user: 'Alice', text });
  }
  kill('1');
  await takeOver(second);
  assert.deepEqual(texts(second.outbox.entries), ['a', 'b', 'c']);
});

test('a tab hears of the death of another that has something to send', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { open, kill } = browser();
  const first = await open('1');
  const second = await open('2');
  first.outbox.add({ id: 'a', user: 'Alice', text: 'left behind' });
  let heard = 0;
  second.tab.watch(() => { heard += 1; });
  second.tab.watch(() => { heard += 1; });
  t.mock.timers.tick(10 * MINUTE);
  assert.equal(heard, 0);
  kill('1');
  t.mock.timers.tick(MINUTE);
  assert.equal(heard, 1);
});

test('a tab without locks that slept too long finds that its messages are taken', async () => {
  const { open, clock } = browser({ withLocks: false });
  const sleeper = await open('1');
  const other = await open('2');
  sleeper.outbox.add({ id: 'a', user: 'Alice', text: 'taken' });
  assert.equal(sleeper.tab.wasRobbed, false);
  clock.now = 10 * MINUTE;
  await takeOver(other);
  assert.equal(sleeper.tab.wasRobbed, true);
  assert.equal(other.tab.wasRobbed, false);
});
