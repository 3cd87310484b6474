import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queueFilter, type QueueOptions } from './queue-filter.ts';

for (const [options, want] of [
  [{}, {}],
  [{ id: ['3', '4.2'] }, { ids: ['3', '4.2'] }],
  [
    { from: '<>', to: 'a@b.test' },
    { sender: '', recipient: 'a@b.test' },
  ],
  [
    { held: false, olderThan: '90m' },
    { hold: false, olderThanMs: 5_400_000 },
  ],
  [
    { state: ['queued'], account: 'ann', domain: 'b.test', message: '7' },
    { states: ['queued'], account: 'ann', domain: 'b.test', message: 7 },
  ],
] as const satisfies readonly (readonly [QueueOptions, object])[]) {
  test(`queueFilter(${JSON.stringify(options)})`, () => {
    // As it goes over the control socket.
    assert.deepEqual(JSON.parse(JSON.stringify(queueFilter(options))), want);
  });
}

for (const options of [
  { id: ['x'] },
  { id: ['0'] },
  { id: ['1.0'] },
  { message: '-1' },
  { olderThan: '3 weeks' },
  { olderThan: 'm' },
]) {
  test(`queueFilter(${JSON.stringify(options)}) is refused`, () => {
    assert.throws(() => queueFilter(options), /^Error: --/);
  });
}
