import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '#testing/fake-clock';
import { failOnPurpose } from './index.ts';

test('failOnPurpose: a timeout lasts an hour, but does not hold up a server that stops', async () => {
  const clock = new FakeClock();
  const stopping = new AbortController();
  const failing = failOnPurpose('timeout', 'data', { clock, shutdown: stopping.signal });
  assert.equal(clock.pending, 1);
  stopping.abort(new Error('shutting down'));
  await assert.rejects(failing ?? Promise.resolve(), /421 4\.4\.2/);
  assert.equal(clock.pending, 0);
  assert.equal(failOnPurpose('timeout', 'rcptto', { clock, shutdown: stopping.signal }), undefined);
});
