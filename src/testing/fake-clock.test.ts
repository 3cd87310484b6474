import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clockContract } from '#ports/clock.contract';
import { FakeClock } from './fake-clock.ts';

clockContract('FakeClock', () => {
  const clock = new FakeClock();
  return { clock, pass: (ms) => clock.advance(ms) };
});

test('FakeClock.advance: runs what timers set off, at the time when it is due', async () => {
  const clock = new FakeClock(1000);
  const heard: number[] = [];
  const loop = (async () => {
    for (let i = 0; i < 3; i += 1) {
      await clock.sleep(86_400_000);
      heard.push(clock.now());
    }
  })();
  await clock.advance(86_400_000 * 3 - 1);
  assert.deepEqual(heard, [86_401_000, 172_801_000]);
  assert.equal(clock.nextMs, 259_201_000);
  assert.equal(clock.pending, 1);
  await clock.advance(1);
  await loop;
  assert.equal(clock.nextMs, null);
  assert.equal(clock.monotonic(), 259_200_000);
});
