import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Mutex } from './index.ts';

test('Mutex.run begins a piece when the one before ended, also when that failed', async () => {
  const mutex = new Mutex();
  const events: string[] = [];
  const first = Promise.withResolvers<void>();
  const failing = mutex.run(async () => {
    events.push('first begins');
    await first.promise;
    throw new Error('trouble');
  });
  const second = mutex.run(() => Promise.resolve(events.push('second')));
  await Promise.resolve();
  assert.deepEqual(events, ['first begins']);
  first.resolve();
  await assert.rejects(failing, /trouble/);
  assert.equal(await second, 2);
  await mutex.idle();
  assert.deepEqual(events, ['first begins', 'second']);
});
