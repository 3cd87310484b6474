import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventLoopContract } from '#ports/event-loop.contract';
import { FakeLoop } from './fake-loop.ts';

eventLoopContract('FakeLoop', () => {
  const loop = new FakeLoop(10);
  return { loop, work: () => loop.work(10) };
});

test('FakeLoop: the longest run counts until a pause or until the loop goes round by itself', async () => {
  const loop = new FakeLoop(10);
  loop.work(4);
  loop.work(5);
  assert.equal(loop.pause(), null);
  await new Promise(setImmediate);
  loop.work(8);
  assert.equal(loop.longest, 9);
  loop.work(4);
  await loop.pause();
  loop.work(3);
  assert.deepEqual([loop.longest, loop.pauses], [12, 1]);
});
