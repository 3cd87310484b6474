import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { type SequenceSet, defaultLimits, parseCommand, sequenceSetPieces, writeSequenceSet } from './index.ts';

function parse(text: string): SequenceSet | null {
  const bytes = new TextEncoder().encode(`a COPY ${text} x`);
  const { command } = parseCommand(bytes, { limits: defaultLimits, utf8: false });
  return command.ok && command.value.kind === 'copy' ? command.value.set : null;
}

for (const [text, want] of [
  [
    '2,4:7',
    {
      ranges: [
        { first: 2, last: 2 },
        { first: 4, last: 7 },
      ],
      usesSaved: false,
    },
  ],
  ['*:4', { ranges: [{ first: '*', last: 4 }], usesSaved: false }],
  ['$,1', { ranges: [{ first: 1, last: 1 }], usesSaved: true }],
  ['4294967295', { ranges: [{ first: 0xffff_ffff, last: 0xffff_ffff }], usesSaved: false }],
  ['4294967296', null],
  ['0', null],
  ['1,', null],
  ['1:', null],
] as const) {
  test(`parseSequenceSet(${text})`, () => assert.deepEqual(parse(text), want));
}

test('writeSequenceSet is read back as the same numbers', () => {
  assert.equal(writeSequenceSet([1, 3, 4, 5, 9]), '1,3:5,9');
  assert.equal(writeSequenceSet([]), '');
  assert.equal(writeSequenceSet([5, 4, 6]), '5,4,6');
  fc.assert(
    fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (numbers) => {
      const read = parse(writeSequenceSet(numbers))?.ranges.flatMap(({ first, last }) =>
        Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) => Number(first) + i),
      );
      assert.deepEqual(read, numbers);
    }),
    { numRuns: 200, seed: 9051 },
  );
});

for (const numbers of [[], [7], [1, 2, 3, 4, 5, 6], [1, 3, 5, 7, 9], [9, 1, 2, 3, 8, 10, 11, 4]]) {
  test(`sequenceSetPieces(${numbers.join(' ')}) are the text, each of few numbers`, () => {
    for (const size of [1, 2, 3]) {
      const pieces = [...sequenceSetPieces(numbers, size)];
      assert.equal(pieces.join(''), writeSequenceSet(numbers));
      assert.ok(pieces.length >= numbers.length / size);
    }
  });
}
