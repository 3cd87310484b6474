import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDatabases } from '#host/sqlite';
import { clockContract } from '#ports/clock.contract';
import { sql } from '#ports/database';
import { FakeClock } from './fake-clock.ts';
import { FakeLog } from './fake-log.ts';
import { tempDir } from './temp-dir.ts';

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

test('FakeClock.advance: waits for commits that a timer makes before time goes on', async () => {
  await using dir = await tempDir();
  const clock = new FakeClock();
  const migrations = { server: [{ version: 1, sql: 'CREATE TABLE item (id INTEGER PRIMARY KEY)' }], account: [] };
  await using databases = await openDatabases({ directory: dir.path, log: new FakeLog(), clock, migrations });
  const startMs = clock.now();
  const heard: number[] = [];
  const loop = (async () => {
    for (let i = 0; i < 20; i += 1) {
      await clock.sleep(1000);
      heard.push(clock.now() - startMs);
      await databases.server.write((tx) => tx.run(sql`INSERT INTO item DEFAULT VALUES`));
    }
  })();
  await clock.advance(1_000_000);
  await loop;
  assert.deepEqual(
    heard,
    Array.from({ length: 20 }, (_, i) => (i + 1) * 1000),
  );
});
