import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '#host/clock';
import { Files, nodeFileSystem } from '#host/files';
import { accountId } from '#lib/ids';
import { sql } from '#ports/database';
import type { FileSystem } from '#ports/file-system';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';
import { openDatabases } from './index.ts';
import type { OpenDatabasesDeps } from './sqlite-databases.ts';

const schema = [
  { version: 1, sql: 'CREATE TABLE item (id INTEGER PRIMARY KEY, body BLOB NOT NULL)' },
  { version: 2, sql: 'ALTER TABLE item ADD COLUMN name TEXT' },
];
const seven = accountId(7);

function open(directory: string, more: Partial<OpenDatabasesDeps> = {}): ReturnType<typeof openDatabases> {
  const migrations = { server: schema, account: schema };
  return openDatabases({ directory, log: new FakeLog(), clock: systemClock, migrations, ...more });
}

/** The file system, but giving a file its second name fails while `fails` says so. */
function failingLinks(fails: () => boolean): FileSystem {
  return {
    ...nodeFileSystem,
    async link(from, to) {
      if (fails()) throw Object.assign(new Error('EIO: i/o error, link'), { code: 'EIO' });
      await nodeFileSystem.link(from, to);
    },
  };
}

test('Databases.account: a database that could not be made is not there, and is made at the next use', async () => {
  await using dir = await tempDir();
  let fails = false;
  await using databases = await open(dir.path, { files: new Files({ system: failingLinks(() => fails) }) });
  const account = await databases.account(seven);
  fails = true;
  await assert.rejects(account.read(async () => undefined));
  assert.deepEqual(await readdir(join(dir.path, 'accounts/7')), []);
  fails = false;
  await account.write((tx) => tx.run(sql`INSERT INTO item (body, name) VALUES (${new Uint8Array(1)}, ${'a'})`));
  assert.deepEqual(await account.read((r) => r.arrays(sql`SELECT name FROM item`)), [['a']]);
  assert.deepEqual((await readdir(join(dir.path, 'accounts/7'))).toSorted(), ['account.db', 'account.db-wal']);
  assert.deepEqual(await account.read((r) => r.arrays(sql`PRAGMA journal_mode`)), [['wal']]);
  assert.deepEqual(await account.read((r) => r.arrays(sql`PRAGMA auto_vacuum`)), [[2]]);
});

test('Databases.account: a log without its database is not taken for that of a new one', async () => {
  await using dir = await tempDir();
  const folder = join(dir.path, 'accounts/7');
  {
    await using databases = await open(dir.path);
    const account = await databases.account(seven);
    await account.write((tx) => tx.run(sql`INSERT INTO item (body) VALUES (${new Uint8Array(1)})`));
    const log = await readFile(join(folder, 'account.db-wal'));
    await databases.drop(seven);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'account.db-wal'), log);
  }
  await using databases = await open(dir.path);
  const account = await databases.account(seven);
  assert.deepEqual(await account.read((r) => r.arrays(sql`SELECT count(*) FROM item`)), [[0]]);
});

test('Database.write: what is given back after a mass deletion is cut off the file in pieces', async () => {
  await using dir = await tempDir();
  const limits = {
    checkpointBytes: 512 * 1024,
    writesPerLook: 1,
    giveBackPages: 64,
    cutBytes: 1024 * 1024,
    pageBytes: 4096,
  };
  await using databases = await open(dir.path, { limits });
  const { server } = databases;
  const sizeBytes = (): number => statSync(join(dir.path, 'server.db')).size;
  const body = new Uint8Array(100_000).fill(1);
  for (let i = 0; i < 200; i += 1) await server.write((tx) => tx.run(sql`INSERT INTO item (body) VALUES (${body})`));
  await server.write((tx) => tx.run(sql`DELETE FROM item WHERE id > 10`));
  let before = sizeBytes();
  const largest = before;
  const steps: number[] = [];
  for (let writes = 0; sizeBytes() > largest / 3; writes += 1) {
    assert.ok(writes < 20_000, 'nothing is given back');
    await server.write((tx) => tx.run(sql`UPDATE item SET name = ${String(writes)} WHERE id = 1`));
    const now = sizeBytes();
    if (now < before) steps.push(before - now);
    before = now;
  }
  // One transaction more may be under way.
  const most = limits.cutBytes + limits.giveBackPages * limits.pageBytes;
  assert.ok(Math.max(...steps) <= most, `${steps.join()} bytes at a time`);
  assert.deepEqual(await server.read((r) => r.arrays(sql`PRAGMA integrity_check`)), [['ok']]);
});
