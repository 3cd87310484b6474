import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { systemClock } from '#host/clock';
import { Files, nodeFileSystem } from '#host/files';
import { contractSchema } from '#ports/database.contract';
import { sql } from '#ports/database';
import type { FileSystem } from '#ports/file-system';
import { FakeLog } from '#testing/fake-log';
import { tempDir } from '#testing/temp-dir';
import { openDatabases } from './index.ts';

const [headerBytes, frameBytes] = [32, 24 + 4096];

test('openDatabases: a disk that writes the later frames of a log begun anew before the earlier ones loses nothing', async () => {
  await using dir = await tempDir();
  const [database, image] = [join(dir.path, 'server.db'), join(dir.path, 'image')];
  let durableLog: Uint8Array = new Uint8Array(0);
  let durableRows = 0;
  const begun = { count: 0 };
  const lost: string[] = [];
  /** Log as a power cut leaves it when all but the first frames reached the disk. */
  const cut = (log: Uint8Array): void => {
    if (durableLog.length === 0 || Buffer.compare(log.subarray(0, 32), durableLog.subarray(0, 32)) === 0) return;
    begun.count += 1;
    for (let frames = 0; frames < 8; frames += 1) {
      const mixed = log.slice();
      mixed.set(durableLog.subarray(0, Math.min(log.length, headerBytes + frames * frameBytes)));
      copyFileSync(database, image);
      writeFileSync(`${image}-wal`, mixed);
      using opened = new DatabaseSync(image);
      const rows = Number(opened.prepare('SELECT count(*) AS n FROM item').get()?.['n']);
      if (rows < durableRows) lost.push(`${durableRows - rows} of ${durableRows} rows, ${frames} frames are old`);
    }
    rmSync(image, { force: true });
  };
  const openForSync: FileSystem['openForSync'] = async (path) => {
    const handle = await nodeFileSystem.openForSync(path);
    if (path !== `${database}-wal`) return handle;
    return {
      datasync(done) {
        const log = new Uint8Array(readFileSync(path));
        cut(log);
        handle.datasync((error) => {
          durableLog = log;
          done(error);
        });
      },
      linkCount: () => handle.linkCount(),
      head: (maxBytes) => handle.head(maxBytes),
      close: () => handle.close(),
    };
  };
  const system: FileSystem = Object.assign(Object.create(nodeFileSystem) as FileSystem, { openForSync });
  await using databases = await openDatabases({
    directory: dir.path,
    files: new Files({ system }),
    log: new FakeLog(),
    clock: systemClock,
    migrations: { server: [{ version: 1, sql: contractSchema }], account: [] },
    limits: { checkpointBytes: 16 * 4096, writesPerLook: 1 },
  });
  for (let i = 0; i < 24; i += 1) {
    const names = Array.from({ length: 8 }, (_, k) => `${i}.${k} ${'x'.repeat(1500)}`);
    await databases.server.write(async (tx) => {
      for (const name of names) await tx.run(sql`INSERT INTO item (name) VALUES (${name})`);
    });
    durableRows += names.length;
  }
  assert.ok(begun.count >= 3, `the log was begun anew ${begun.count} times`);
  assert.deepEqual(lost, []);
});
