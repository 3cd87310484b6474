import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  defaultLimits,
  expandSequenceSet,
  parseCommand,
  rangesContain,
  writeRanges,
  writeSequenceSet,
} from './index.ts';
import type { NumberRange } from './index.ts';

function expand(text: string, largest: number, saved?: readonly NumberRange[]): string {
  const bytes = new TextEncoder().encode(`a COPY ${text} x`);
  const { command } = parseCommand(bytes, { limits: defaultLimits, utf8: false });
  assert.ok(command.ok && command.value.kind === 'copy');
  return writeRanges(expandSequenceSet(command.value.set, largest, saved));
}

for (const [text, largest, want] of [
  ['2,4:7,9,12:*', 15, '2,4:7,9,12:15'],
  ['*:4,5:7', 10, '4:10'],
  ['3291:*', 100, '100:3291'],
  ['1:*', 0, '1'],
  ['*', 0, ''],
  ['4:2,1', 9, '1:4'],
  ['1:4294967295', 9, '1:4294967295'],
] as const) {
  test(`expandSequenceSet(${text}) with ${largest} as the largest`, () => assert.equal(expand(text, largest), want));
}

test('expandSequenceSet puts in the saved result', () => {
  assert.equal(
    expand('$,2', 9, [
      { first: 3, last: 4 },
      { first: 8, last: 8 },
    ]),
    '2:4,8',
  );
  assert.equal(expand('$', 9), '');
});

test('rangesContain finds what is in ranges', () => {
  const ranges = [
    { first: 2, last: 4 },
    { first: 7, last: 7 },
  ];
  const found = [1, 2, 3, 4, 5, 6, 7, 8].filter((n) => rangesContain(ranges, n));
  assert.deepEqual(found, [2, 3, 4, 7]);
  assert.equal(rangesContain([], 1), false);
});

test('writeSequenceSet is read back as the same numbers', () => {
  assert.equal(writeSequenceSet([1, 3, 4, 5, 9]), '1,3:5,9');
  assert.equal(writeSequenceSet([]), '');
  assert.equal(writeSequenceSet([5, 4, 6]), '5,4,6');
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (numbers) => {
      const sorted = numbers.toSorted((a, b) => a - b);
      assert.equal(expand(writeSequenceSet(numbers), 99), writeSequenceSet(sorted));
    }),
    { numRuns: 200, seed: 9051 },
  );
});
