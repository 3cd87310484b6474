import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId, MailboxId } from '#lib/ids';
import { FakeClock } from '#testing/fake-clock';
import { RowMemory } from './index.ts';

const place = (firstUid: number) => ({
  account: 1 as AccountId,
  mailbox: 2 as MailboxId,
  range: { firstUid, lastUid: firstUid + 9, count: 10 },
});
const row = (size: number): Uint8Array => new Uint8Array(size);

test('RowMemory gives rows back, and knows that a block has none', () => {
  const memory = new RowMemory(new FakeClock());
  memory.set(place(1), 10, row(5));
  memory.set(place(1), 11, null);
  assert.deepEqual(memory.get(place(1), 10), row(5));
  assert.equal(memory.get(place(1), 11), null);
  for (const [other, code] of [
    [place(1), 12],
    [place(2), 10],
    [{ ...place(1), range: { firstUid: 1, lastUid: 10, count: 9 } }, 10],
  ] as const) {
    assert.equal(memory.get(other, code), undefined);
  }
  memory.forget(place(1), [10, 12]);
  assert.equal(memory.get(place(1), 10), undefined);
  assert.equal(memory.get(place(1), 11), null);
});

test('RowMemory keeps to its bytes: what was not read for longest goes first', () => {
  const memory = new RowMemory(new FakeClock(), { maxRowMemoryBytes: 4000, rowMemoryMs: 1000 });
  for (const uid of [1, 2, 3]) memory.set(place(uid), 10, row(1000));
  assert.ok(memory.get(place(1), 10));
  memory.set(place(4), 10, row(1000));
  assert.deepEqual(
    [1, 2, 3, 4].map((uid) => memory.get(place(uid), 10) !== undefined),
    [true, false, true, true],
  );
  memory.set(place(5), 10, row(5000));
  assert.equal(memory.get(place(5), 10), undefined);
  for (let n = 0; n < 100; n += 1) memory.set(place(6), n, row(n));
  assert.ok(memory.sizeBytes <= 4000, `${memory.sizeBytes}`);
});

test('RowMemory forgets what was not read for a while', async () => {
  const clock = new FakeClock();
  const memory = new RowMemory(clock, { maxRowMemoryBytes: 4000, rowMemoryMs: 1000 });
  memory.set(place(1), 10, row(100));
  memory.set(place(2), 10, row(100));
  await clock.advance(600);
  assert.ok(memory.get(place(1), 10));
  await clock.advance(600);
  assert.deepEqual(
    [1, 2].map((uid) => memory.get(place(uid), 10) !== undefined),
    [true, false],
  );
  await clock.advance(2500);
  assert.equal(memory.sizeBytes, 0);
});
