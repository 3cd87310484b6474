import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { FakeLoop } from '#testing/fake-loop';
import { sortedInPieces } from './sorted-in-pieces.ts';

test('sortedInPieces sorts as toSorted does, equal entries in their order, with pauses', async () => {
  const list = fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.nat()), { minLength: 0, maxLength: 60 });
  const compare = (a: readonly [number, number], b: readonly [number, number]): number => a[0] - b[0];
  await fc.assert(
    fc.asyncProperty(list, fc.integer({ min: 1, max: 120 }), async (some, times) => {
      const entries = Array.from({ length: times }, () => some).flat();
      assert.deepEqual(await sortedInPieces(entries, compare, new FakeLoop()), entries.toSorted(compare));
    }),
    { numRuns: 60 },
  );
  const loop = new FakeLoop();
  await sortedInPieces(
    Array.from({ length: 10_000 }, (_unused, i) => [-i, i] as const),
    compare,
    loop,
  );
  assert.ok(loop.pauses > 15, `${loop.pauses} pauses`);
});
