// How the page follows a log: in order, nothing twice, nothing left out without a word.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { merge, takeNewest } from '../../static/chat/merge.js';
import { parsePosition, Position } from '../../static/chat/position.js';

function at(epoch, seq) {
  const position = new Position();
  position.begin(epoch, seq);
  return position;
}

function messages(first, last) {
  return Array.from({ length: last - first + 1 }, (_, index) => ({ seq: first + index }));
}

function seqs(list) {
  return list.map(({ seq }) => seq);
}

test('what comes next is shown, and a repeat is dropped', () => {
  const position = at('e', 4);
  assert.deepEqual(seqs(position.take({ seq: 5 })), [5]);
  assert.deepEqual(position.take({ seq: 5 }), []);
  assert.deepEqual(position.take({ seq: 1 }), []);
  assert.deepEqual(seqs(position.take({ seq: 6 })), [6]);
  assert.equal(String(position), 'e:6');
  assert.equal(position.hasHole, false);
});

test('what has no number is shown as it comes, and so is all without a log', () => {
  assert.deepEqual(at('e', 4).take({ message: 'x' }), [{ message: 'x' }]);
  const without = new Position();
  for (const seq of [9, 3]) assert.deepEqual(seqs(without.take({ seq })), [seq]);
});

test('what comes above a hole is held back until the hole is filled', () => {
  const position = at('e', 4);
  for (const seq of [8, 6, 7, 6]) assert.deepEqual(position.take({ seq }), []);
  assert.equal(position.hasHole, true);
  assert.deepEqual(seqs(position.take({ seq: 5 })), [5, 6, 7, 8]);
  assert.equal(position.hasHole, false);
  assert.equal(position.seq, 8);
});

test('a hole is filled by a history, which may have what is known, too', () => {
  const position = at('e', 4);
  position.take({ seq: 9 });
  const { show, gap, more } = position.catchUp({
    epoch: 'e', seq: 9, recovered: true, messages: messages(3, 8),
  });
  assert.deepEqual(seqs(show), [5, 6, 7, 8, 9]);
  assert.equal(gap, null);
  assert.equal(more, false);
});

test('a history in pages is asked on until its end', () => {
  const position = at('e', 0);
  for (const [first, last, more] of [[1, 200, true], [201, 400, true], [401, 450, false]]) {
    const page = { epoch: 'e', seq: 450, recovered: true, messages: messages(first, last), more };
    const answer = position.catchUp(page);
    assert.equal(answer.show.length, last - first + 1);
    assert.equal(answer.more, more);
  }
  assert.equal(position.seq, 450);
});

test('what is missing is said: another log, or messages that are no longer kept', () => {
  const position = at('old', 70);
  position.take({ seq: 75 });
  const anew = position.catchUp({
    epoch: 'new', seq: 60, recovered: false, reason: 'epoch', messages: messages(11, 60),
  });
  assert.deepEqual(seqs(anew.show), seqs(messages(11, 60)));
  assert.deepEqual(anew.gap, { reason: 'epoch', after: 0, before: 11 });
  assert.equal(anew.more, false, 'what was held back was of the old log');
  assert.equal(String(position), 'new:60');
  assert.equal(position.first, 11);
  const trimmed = position.catchUp({
    epoch: 'new', seq: 150, recovered: false, reason: 'trimmed', messages: messages(101, 150),
  });
  assert.deepEqual(trimmed.gap, { reason: 'trimmed', after: 60, before: 101 });
  assert.equal(String(position), 'new:150');
});

test('an empty log behind a gap is read up to its number', () => {
  const position = at('old', 7);
  const { show, gap } = position.catchUp({
    epoch: 'new', seq: 0, recovered: false, reason: 'epoch', messages: [],
  });
  assert.deepEqual(show, []);
  assert.equal(gap.before, 1);
  assert.deepEqual(seqs(position.take({ seq: 1 })), [1]);
});

test('a gap of the same log that leaves nothing out is none', () => {
  const position = at('e', 7);
  const { show, gap } = position.catchUp({
    epoch: 'e', seq: 9, recovered: false, reason: 'trimmed', messages: messages(6, 9),
  });
  assert.deepEqual(seqs(show), [8, 9]);
  assert.equal(gap, null);
});

test('a server that cannot fill a hole is asked once, and the hole is shown', () => {
  const position = at('e', 4);
  position.take({ seq: 9 });
  const { show, gap, more } = position.catchUp({ epoch: 'e', seq: 9, recovered: true, messages: [] });
  assert.deepEqual(seqs(show), [9]);
  assert.deepEqual(gap, { reason: 'hole', after: 4, before: 9 });
  assert.equal(more, false);
});

test('what is held back does not grow without bound', () => {
  const position = at('e', 0);
  for (let seq = 2; seq <= 5_000; seq += 1) position.take({ seq });
  const shown = seqs(position.take({ seq: 1 }));
  assert.ok(shown.length <= 501);
  assert.deepEqual(shown, seqs(messages(1, shown.length)));
});

test('whatever way messages come, they are shown once and in order', () => {
  for (let round = 1; round <= 300; round += 1) {
    const log = messages(1, 30);
    const position = at('e', 0);
    const shown = [];
    // Live frames that are torn, repeated and swapped; a hole asks, and the answer is a page.
    const live = log.flatMap(one => Array(Math.floor(Math.random() * 3)).fill(one));
    live.sort((a, b) => a.seq - b.seq + (Math.random() - 0.5) * 4);
    const answer = () => {
      for (let asked = 0; ; asked += 1) {
        assert.ok(asked < 40);
        const behind = log.filter(({ seq }) => seq > position.seq);
        const { show, gap, more } = position.catchUp({
          epoch: 'e', seq: 30, recovered: true, messages: behind.slice(0, 4), more: behind.length > 4,
        });
        assert.equal(gap, null);
        shown.push(...show);
        if (!more) return;
      }
    };
    for (const message of live) {
      shown.push(...position.take(message));
      if (position.hasHole && Math.random() < 0.3) answer();
    }
    answer();
    assert.deepEqual(seqs(shown), seqs(log));
  }
});

test('a position is read as it is written, and nothing else is one', () => {
  assert.deepEqual(parsePosition(String(at('k3f9', 42))), { epoch: 'k3f9', seq: 42 });
  assert.deepEqual(parsePosition('a:b:7'), { epoch: 'a:b', seq: 7 });
  for (const wrong of [null, '', 'k3f9', 'k3f9:', ':4', 'k3f9:-1', 'a b:4', 'null', 7]) {
    assert.equal(parsePosition(wrong), null, String(wrong));
  }
});

function items(log, times) {
  return times.map(time => ({ log, time }));
}

test('two logs are one view in the order of time, each in its own order', () => {
  const merged = merge([items('a', [1, 4, 4, 9]), items('b', [2, 4, 5])]);
  assert.deepEqual(
    merged.map(({ log, time }) => `${log}${time}`),
    ['a1', 'b2', 'a4', 'a4', 'b4', 'b5', 'a9'],
  );
  assert.deepEqual(merge([[], []]), []);
});

test('looking back shows nothing before what may still come between', () => {
  const lobby = items('a', [10, 11, 12]);
  const inbox = items('b', [1, 2]);
  assert.deepEqual(seqsOf(takeNewest([lobby, inbox], [true, false], 50)), ['a10', 'a11', 'a12']);
  assert.equal(inbox.length, 2, 'kept until the lobby has gone back as far');
  lobby.push(...items('a', [2, 3]));
  assert.deepEqual(seqsOf(takeNewest([lobby, inbox], [false, false], 3)), ['a2', 'b2', 'a3']);
  assert.deepEqual(seqsOf(takeNewest([lobby, inbox], [false, false], 3)), ['b1']);
});

function seqsOf(taken) {
  return taken.map(({ log, time }) => `${log}${time}`);
}
