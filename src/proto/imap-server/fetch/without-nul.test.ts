import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { withoutNul } from './without-nul.ts';

test('withoutNul finds every NUL, wherever the bytes lie in memory, and gives bytes without one as they are', () => {
  const octets = fc.array(fc.constantFrom(0, 1, 97, 127, 128, 129, 255), { maxLength: 200 });
  fc.assert(
    fc.property(octets, fc.boolean(), fc.integer({ min: 0, max: 4 }), (list, isClean, offset) => {
      const content = isClean ? list.map((byte) => (byte === 0 ? 128 : byte)) : list;
      const bytes = new Uint8Array(content.length + offset).subarray(offset);
      bytes.set(content);
      const result = withoutNul(bytes);
      assert.deepEqual(
        [...result],
        content.map((byte) => (byte === 0 ? 63 : byte)),
      );
      assert.equal(result === bytes, !content.includes(0));
    }),
    { numRuns: 1000, seed: 9051 },
  );
});

test('withoutNul finds a single NUL at each place', () => {
  for (let at = 0; at < 150; at++) {
    const bytes = new Uint8Array(150).fill(128);
    bytes[at] = 0;
    assert.equal(withoutNul(bytes)[at], 63);
  }
});
