import assert from 'node:assert/strict';
import { openSync, closeSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '#host/clock';
import { accountId } from '#lib/ids';
import { contractSchema } from '#ports/database.contract';
import { sql } from '#ports/database';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';
import { openDatabases } from './index.ts';
import { damagesOf } from './integrity.ts';

const migrations = {
  server: [{ version: 1, sql: contractSchema }],
  account: [{ version: 1, sql: contractSchema }],
};

test('Databases.integrity finds damage in the file, while the database is at work', async () => {
  await using dir = await tempDir();
  const deps = { directory: dir.path, log: new FakeLog(), clock: systemClock, migrations };
  await using databases = await openDatabases({ ...deps, limits: { writesPerLook: 1, checkpointBytes: 8192 } });
  const id = accountId(1);
  const db = await databases.account(id);
  const add = async (from: number): Promise<void> => {
    for (let i = from; i < from + 40; i += 1) {
      await db.write((tx) => tx.run(sql`INSERT INTO item (name) VALUES (${`${i} ${'x'.repeat(900)}`})`));
    }
  };
  await add(0);
  assert.deepEqual(await databases.integrity('server'), []);
  const [whole] = await Promise.all([databases.integrity(id), add(40)]);
  assert.deepEqual(whole, []);
  const path = join(dir.path, 'accounts', '1', 'account.db');
  const at = readFileSync(path).lastIndexOf('37 xxxx');
  // Through a descriptor that stays open while SQLite has its own: closing it would give up the locks (POSIX).
  const file = openSync(path, 'r+');
  writeSync(file, '4', at);
  const damages = await databases.integrity(id);
  assert.ok(damages.length > 0 && /index/.test(damages.join()), damages.join());
  writeSync(file, '3', at);
  assert.deepEqual(await databases.integrity(id), []);
  closeSync(file);
});

test('damagesOf starts its process in a thread, and ends it when it is aborted', async () => {
  await using dir = await tempDir();
  {
    await using databases = await openDatabases({
      directory: dir.path,
      log: new FakeLog(),
      clock: systemClock,
      migrations,
    });
    await databases.server.write((tx) => tx.run(sql`INSERT INTO item (name) VALUES (${'kept'})`));
  }
  const path = join(dir.path, 'server.db');
  const whole = damagesOf(path, new AbortController().signal);
  const isStarted = (): boolean => process.getActiveResourcesInfo().includes('ProcessWrap');
  let seen = false;
  const watching = setInterval(() => {
    seen ||= isStarted();
  }, 1);
  assert.deepEqual(await whole, []);
  clearInterval(watching);
  assert.equal(seen || isStarted(), false);
  const aborter = new AbortController();
  const aborted = damagesOf(path, aborter.signal);
  aborter.abort();
  await assert.rejects(aborted);
  await assert.rejects(damagesOf(path, aborter.signal), { name: 'AbortError' });
});
