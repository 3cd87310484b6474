import assert from 'node:assert/strict';
import { test } from 'node:test';
import { randomContract } from '#ports/random.contract';
import { seededRandom } from './seeded-random.ts';

randomContract('seededRandom', () => seededRandom(1));

test('seededRandom gives the same with the same seed, and other bytes with another', () => {
  assert.deepEqual(seededRandom(7).bytes(100), seededRandom(7).bytes(100));
  assert.notDeepEqual(seededRandom(7).bytes(100), seededRandom(8).bytes(100));
});
