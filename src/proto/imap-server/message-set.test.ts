import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SequenceSet } from '#lib/imap';
import { positions, uidsAt } from './message-set.ts';
import { Bad } from './refusal.ts';

const uids = Uint32Array.of(3, 5, 8, 9, 20);
const saved = Uint32Array.of(4, 5, 20);

/** Reads `1:3,$,*` as the wire parser does. */
function setOf(text: string): SequenceSet {
  const ranges: SequenceSet['ranges'][number][] = [];
  let usesSaved = false;
  for (const piece of text.split(',')) {
    if (piece === '$') usesSaved = true;
    else {
      const [first = '', last = first] = piece.split(':');
      ranges.push({ first: numberOf(first), last: numberOf(last) });
    }
  }
  return { ranges, usesSaved };
}

function numberOf(text: string): number | '*' {
  return text === '*' ? '*' : Number(text);
}

for (const [text, isUid, want] of [
  ['1:3', false, [3, 5, 8]],
  ['3:1,2', false, [3, 5, 8]],
  ['*', false, [20]],
  ['4:*,1', false, [3, 9, 20]],
  ['$', false, [5, 20]],
  ['1:5', true, [3, 5]],
  ['*', true, [20]],
  ['21:*', true, [20]],
  ['6:7', true, []],
  ['8,3,$', true, [3, 5, 8, 20]],
  ['1:4294967295', true, [3, 5, 8, 9, 20]],
] as const) {
  test(`positions ${isUid ? 'UID ' : ''}${text}`, () => {
    assert.deepEqual([...uidsAt(positions(setOf(text), isUid, uids, saved), uids)], want);
  });
}

for (const text of ['6', '1:6', '4294967295']) {
  test(`positions refuses message number in ${text}`, () => {
    assert.throws(() => positions(setOf(text), false, uids, saved), Bad);
  });
}

test('positions takes * in an empty mailbox as nothing', () => {
  const none = new Uint32Array(0);
  assert.deepEqual(positions(setOf('1:*'), false, none, none), []);
  assert.deepEqual(positions(setOf('1:*'), true, none, none), []);
  assert.throws(() => positions(setOf('1'), false, none, none), Bad);
});
