import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RestartPolicy, type WorkerEnd } from './restart-policy.ts';

const killed: WorkerEnd = { code: null, signal: 'SIGKILL', wasAsked: false, hadListened: true, upMs: 5000 };

for (const [title, end, want] of [
  ['a killed worker is started again', killed, 1000],
  ['one that ended by a bug, too', { ...killed, code: 70, signal: null }, 1000],
  ['one that was asked to stop is not', { ...killed, wasAsked: true }, null],
  ['one that stopped for a command is not', { ...killed, code: 0, signal: null }, null],
  ['one that could not start is not', { ...killed, code: 78, signal: null, hadListened: false }, null],
] as const) {
  test(`RestartPolicy: ${title}`, () => assert.equal(new RestartPolicy().afterEnd(end), want));
}

test('RestartPolicy: waits longer each time, up to a minute, and begins anew after a steady run', () => {
  const policy = new RestartPolicy();
  const ends = [killed, ...Array.from({ length: 7 }, () => ({ ...killed, hadListened: false }))];
  assert.deepEqual(
    ends.map((end) => policy.afterEnd(end)),
    [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000],
  );
  assert.equal(policy.afterEnd({ ...killed, upMs: 3_600_000 }), 1000);
});
