import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '#host/clock';
import { openDatabases } from '#host/sqlite';
import { accountId } from '#lib/ids';
import { sql } from '#ports/database';
import { FakeLog } from '#testing/fake-log';
import { FakeLoop } from '#testing/fake-loop';
import { tempDir } from '#testing/temp-dir';
import { makePrivate } from './index.ts';

const skip = process.platform === 'win32' && 'Windows has no modes';
const modeOf = (path: string): number => statSync(path).mode & 0o777;

test('makePrivate takes the rights of others away', { skip }, async () => {
  await using dir = await tempDir();
  const [file, folder] = [join(dir.path, 'file'), join(dir.path, 'folder')];
  writeFileSync(file, '');
  chmodSync(file, 0o644);
  mkdirSync(folder);
  chmodSync(folder, 0o755);
  assert.deepEqual([makePrivate(file), makePrivate(folder)], [true, true]);
  assert.deepEqual([makePrivate(file), makePrivate(folder)], [false, false]);
  assert.deepEqual([modeOf(file), modeOf(folder)], [0o600, 0o700]);
  assert.throws(() => makePrivate(join(dir.path, 'none')), { code: 'ENOENT' });
});

test(
  'openDatabases: only the user of the server may read databases, those that others could read before, too',
  { skip },
  async () => {
    await using dir = await tempDir();
    const schema = [{ version: 1, sql: 'CREATE TABLE item (name TEXT)' }];
    const deps = {
      clock: systemClock,
      log: new FakeLog(),
      loop: new FakeLoop(),
      migrations: { server: schema, account: schema },
    };
    const paths = ['server.db', 'server.db-wal', 'accounts/1/account.db', 'accounts/1/account.db-wal'].map((name) =>
      join(dir.path, name),
    );
    for (const round of [1, 2]) {
      await using databases = await openDatabases({ directory: dir.path, ...deps });
      await (await databases.account(accountId(1))).write((tx) => tx.run(sql`INSERT INTO item (name) VALUES ('a')`));
      for (const path of paths) assert.equal(modeOf(path), 0o600, `${path}, round ${round}`);
      assert.equal(modeOf(join(dir.path, 'accounts', '1')), 0o700);
      await databases[Symbol.asyncDispose]();
      for (const path of paths) if (existsSync(path)) chmodSync(path, 0o644);
    }
  },
);
