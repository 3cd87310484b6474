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
