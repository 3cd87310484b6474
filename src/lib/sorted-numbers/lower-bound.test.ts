import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lowerBound } from './index.ts';

test('lowerBound: the first position that is not below a value, within an end', () => {
  const numbers = Uint32Array.of(1, 3, 3, 8, 2, 0);
  for (const [value, end, want] of [
    [0, 4, 0],
    [1, 4, 0],
    [2, 4, 1],
    [3, 4, 1],
    [4, 4, 3],
    [9, 4, 4],
    [9, 0, 0],
    [8, 3, 3],
  ] as const)
    assert.equal(lowerBound(numbers, value, end), want, `${value} before ${end}`);
  assert.equal(lowerBound(Uint32Array.of(5, 7), 6), 1);
});
