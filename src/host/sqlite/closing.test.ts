import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { systemClock } from '#host/clock';
import { Files, nodeFileSystem } from '#host/files';
import { contractSchema } from '#ports/database.contract';
import { sql } from '#ports/database';
import type { FileSystem } from '#ports/file-system';
import { FakeLog } from '#testing/fake-log';
import { FakeLoop } from '#testing/fake-loop';
import { tempDir } from '#testing/temp-dir';
import { openDatabases } from './index.ts';

const schema = [{ version: 1, sql: contractSchema }];

/** A file system that notes each flush of a file of ours, and whether the log was there when it ended. */
function notingFlushes(path: string, flushes: string[]): FileSystem {
  return {
    ...nodeFileSystem,
    openForSync: async (opened) => {
      const handle = await nodeFileSystem.openForSync(opened);
      return {
        datasync: (done) =>
          handle.datasync((error) => {
            const name = opened === path ? 'database' : 'log';
            flushes.push(`${name}, ${existsSync(`${path}-wal`) ? 'log there' : 'log removed'}`);
            done(error);
          }),
        linkCount: () => handle.linkCount(),
        head: (maxBytes) => handle.head(maxBytes),
        close: () => handle.close(),
      };
    },
  };
}

test('openDatabases: closing flushes the database off the loop before its log goes, and SQLite syncs nothing', async (t) => {
  await using dir = await tempDir();
  const path = join(dir.path, 'server.db');
  const flushes: string[] = [];
  const loop = new FakeLoop(1);
  const databases = await openDatabases({
    directory: dir.path,
    log: new FakeLog(),
    clock: systemClock,
    loop,
    files: new Files({ system: notingFlushes(path, flushes) }),
    migrations: { server: schema, account: schema },
  });
  await databases.server.write((tx) => tx.run(sql`INSERT INTO item (name) VALUES (${'kept'})`));
  flushes.length = 0;
  // From here on SQLite is not asked to sync anything again.
  const exec = t.mock.method(DatabaseSync.prototype, 'exec');
  loop.work(1);
  const pauses = loop.pauses;
  await databases[Symbol.asyncDispose]();
  assert.deepEqual(flushes, ['database, log there']);
  assert.equal(existsSync(`${path}-wal`), false);
  assert.deepEqual(
    exec.mock.calls.map((call) => call.arguments[0]),
    ['PRAGMA wal_checkpoint(PASSIVE)'],
  );
  assert.equal(loop.pauses, pauses + 1, 'copying pages begins a slice of its own');
  using after = new DatabaseSync(path);
  assert.deepEqual({ ...after.prepare('SELECT name FROM item').get() }, { name: 'kept' });
});

test('openDatabases: where the database cannot be flushed before closing, SQLite syncs it', async (t) => {
  await using dir = await tempDir();
  const path = join(dir.path, 'server.db');
  let isFailing = false;
  const system: FileSystem = {
    ...nodeFileSystem,
    openForSync: async (opened) => {
      const handle = await nodeFileSystem.openForSync(opened);
      return {
        datasync: (done) => (isFailing ? setImmediate(done, new Error('trouble')) : handle.datasync(done)),
        linkCount: () => handle.linkCount(),
        head: (maxBytes) => handle.head(maxBytes),
        close: () => handle.close(),
      };
    },
  };
  const databases = await openDatabases({
    directory: dir.path,
    log: new FakeLog(),
    clock: systemClock,
    files: new Files({ system }),
    migrations: { server: schema, account: schema },
  });
  await databases.server.write((tx) => tx.run(sql`INSERT INTO item (name) VALUES (${'kept'})`));
  isFailing = true;
  const exec = t.mock.method(DatabaseSync.prototype, 'exec');
  await databases[Symbol.asyncDispose]();
  assert.ok(exec.mock.calls.some((call) => call.arguments[0] === 'PRAGMA synchronous=NORMAL'));
  using after = new DatabaseSync(path);
  assert.deepEqual({ ...after.prepare('SELECT name FROM item').get() }, { name: 'kept' });
});
