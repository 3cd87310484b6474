import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeLoop } from '#testing/fake-loop';
import { BlockBuilder } from './block-builder.ts';

test('BlockBuilder keeps the facts of a message, and not the row that it was given', async () => {
  const builder = new BlockBuilder(1);
  const row = { uid: 1, sizeBytes: 10, receivedMs: 20, saveMs: 30, sentDayMs: 40, description: 'long' };
  builder.add(row, null, ['(a)']);
  for (const key of ['uid', 'sizeBytes', 'receivedMs', 'saveMs', 'sentDayMs'] as const) row[key] += 1;
  builder.add({ ...row, sentDayMs: null }, null, ['']);
  const { messages, facts, columns } = await builder.build(new FakeLoop());
  assert.deepEqual([...messages.uids], [1, 2]);
  assert.deepEqual(facts, {
    sizeBytes: Float64Array.of(10, 11),
    receivedMs: Float64Array.of(20, 21),
    saveMs: Float64Array.of(30, 31),
    sentDayMs: Float64Array.of(40, Number.NaN),
  });
  assert.deepEqual([...(columns.get(3)?.bytes ?? [])], [...Buffer.from('(a)')]);
});
