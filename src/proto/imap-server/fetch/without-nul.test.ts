import assert from 'node:assert/strict';
import { test } from 'node:test';
import { withoutNul } from './without-nul.ts';

test('withoutNul', () => {
  const bytes = Uint8Array.from([0, 1, 97, 0, 255, 0]);
  assert.deepEqual([...withoutNul(bytes)], [63, 1, 97, 63, 255, 63]);
  assert.deepEqual([...bytes], [0, 1, 97, 0, 255, 0]);
});
