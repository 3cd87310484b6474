import assert from 'node:assert/strict';
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files } from '#host/files';
import { failingFileSystem } from '#testing/failing-files';
import { tempDir } from '#testing/temp-dir';
import { openReserve } from './index.ts';

const MiB = 2 ** 20;

test('openReserve: the reserve is made when there is room for it and a quarter more, given at need, and made again', async () => {
  await using dir = await tempDir();
  const system = failingFileSystem();
  const files = new Files({ system });
  const open = () => openReserve({ directory: dir.path, sizeBytes: 3 * MiB, files });
  const reserve = await open();
  assert.equal(await reserve.release(), false);
  await reserve.look();
  assert.equal((await stat(join(dir.path, 'reserve'))).size, 3 * MiB);
  assert.equal(reserve.isShort, false);

  const again = await open();
  assert.equal(await again.release(), true);
  assert.equal(again.isShort, true);
  assert.deepEqual(await readdir(dir.path), []);
  assert.equal(await again.release(), false);

  system.freeBytes = 3.75 * MiB - 1;
  await again.look();
  assert.equal(again.isShort, true);
  system.freeBytes = 3.75 * MiB;
  await again.look();
  assert.equal(again.isShort, false);
  assert.deepEqual(await readdir(dir.path), ['reserve']);
});

test('openReserve: a reserve that was removed is noted, and made again at the next look', async () => {
  await using dir = await tempDir();
  const noted: string[] = [];
  const reserve = await openReserve({
    directory: dir.path,
    sizeBytes: MiB,
    files: new Files(),
    conditions: { note: ({ kind, subject }) => noted.push(`${kind} ${subject}`) },
  });
  await reserve.look();
  await rm(join(dir.path, 'reserve'));
  await reserve.look();
  assert.equal((await stat(join(dir.path, 'reserve'))).size, MiB);
  assert.equal(reserve.isShort, false);
  await reserve.look();
  assert.deepEqual(noted, [`fileRemoved ${join(dir.path, 'reserve')}`]);
});

test('openReserve: a reserve that does not fit leaves nothing behind and lets only what frees space write', async () => {
  await using dir = await tempDir();
  const system = failingFileSystem();
  const reserve = await openReserve({ directory: dir.path, sizeBytes: 3 * MiB, files: new Files({ system }) });
  system.writesFail = 'ENOSPC';
  await reserve.look();
  assert.equal(reserve.isShort, true);
  assert.deepEqual(await readdir(dir.path), []);
});

test('openReserve: on a small disk it takes half; 0 keeps nothing back', async () => {
  await using dir = await tempDir();
  const system = failingFileSystem();
  system.totalBytes = 8 * MiB;
  system.freeBytes = 6 * MiB;
  const files = new Files({ system });
  await (await openReserve({ directory: dir.path, sizeBytes: 64 * MiB, files })).look();
  assert.equal((await stat(join(dir.path, 'reserve'))).size, 4 * MiB);
  const none = await openReserve({ directory: dir.path, sizeBytes: 0, files });
  assert.deepEqual(await readdir(dir.path), []);
  assert.deepEqual(await none.look(), { freeBytes: 6 * MiB, totalBytes: 8 * MiB });
  assert.equal(none.isShort, false);
});
