import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Turns } from './index.ts';

test('Turns.run begins a piece when the one before ended, also when that failed', async () => {
  const turns = new Turns();
  const events: string[] = [];
  const first = Promise.withResolvers<void>();
  const failing = turns.run(async () => {
    events.push('first begins');
    await first.promise;
    throw new Error('trouble');
  });
  const second = turns.run(() => Promise.resolve(events.push('second')));
  await Promise.resolve();
  assert.deepEqual(events, ['first begins']);
  first.resolve();
  await assert.rejects(failing, /trouble/);
  assert.equal(await second, 2);
  await turns.ended();
  assert.deepEqual(events, ['first begins', 'second']);
});
