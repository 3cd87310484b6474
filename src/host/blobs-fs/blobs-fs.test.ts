import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files, nodeFileSystem, type FileSystem } from '#host/files';
import { systemRandom } from '#host/random';
import { blobsContract, type OpenedBlobs } from '#ports/blobs.contract';
import type { BlobId, BlobOwner } from '#ports/blobs';
import { crashFileSystem } from '#testing/crash-files';
import { windowsFileSystem } from '#testing/fake-files';
import { seededNumbers } from '#testing/seeded-random';
import { tempDir } from '#testing/temp-dir';
import { openBlobs } from './index.ts';

async function opened(system: (root: string, shadows: string) => FileSystem): Promise<OpenedBlobs> {
  const dir = await tempDir();
  const [root, shadows] = [join(dir.path, 'root'), join(dir.path, 'shadows')];
  await Promise.all([mkdir(root), mkdir(shadows)]);
  const files = new Files({ system: system(root, shadows) });
  const blobs = await openBlobs({ directory: files.join(root, 'blobs'), files, random: systemRandom });
  return { blobs, [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose]() };
}

blobsContract('openBlobs', () => opened(() => nodeFileSystem));
blobsContract('openBlobs on Windows', () => opened(() => windowsFileSystem()));
blobsContract('openBlobs on the crash layer', () => opened(crashFileSystem));

test('openBlobs: after a power cut every blob that has an owner is whole, and what was half written is gone', async () => {
  await using dir = await tempDir();
  const [root, shadows] = [join(dir.path, 'root'), join(dir.path, 'shadows')];
  await Promise.all([mkdir(root), mkdir(shadows)]);
  const system = crashFileSystem(root, shadows);
  const files = new Files({ system });
  const blobs = await openBlobs({ directory: join(root, 'blobs'), files, random: systemRandom });
  const random = seededNumbers(5);
  const acknowledged: { owner: BlobOwner; id: BlobId; fill: number }[] = [];
  let images = 0;

  const crash = async (): Promise<void> => {
    const image = join(dir.path, `image${(images += 1)}`);
    const promised = [...acknowledged];
    system.imageAfterPowerLoss(image, random);
    const after = await openBlobs({ directory: join(image, 'blobs'), files: new Files(), random: systemRandom });
    for (const { owner, id, fill } of promised) {
      await using reader = await after.open(owner, id);
      const bytes = await reader.bytes(0, reader.sizeBytes);
      assert.equal(bytes.length, 100_000 + fill);
      assert.ok(bytes.every((byte) => byte === fill));
    }
    assert.deepEqual(await new Files().list(join(image, 'blobs', 'tmp')), []);
  };

  async function* body(fill: number): AsyncGenerator<Uint8Array> {
    for (const size of [70_000, 30_000, fill]) {
      await crash();
      yield new Uint8Array(size).fill(fill);
    }
  }

  await Promise.all(
    [1, 2, 3, 4, 5, 6].map(async (fill) => {
      const { id } = await blobs.put('incoming', body(fill));
      await crash();
      const shared = await blobs.share({ owner: 'incoming', id }, 'queue');
      acknowledged.push({ owner: 'queue', id: shared, fill });
      await crash();
    }),
  );
  assert.equal(acknowledged.length, 6);
});

test('openBlobs: share waits for the sync of what is on its way in, and fails with it', async () => {
  await using dir = await tempDir();
  const syncs: PromiseWithResolvers<void>[] = [];
  const system: FileSystem = {
    ...nodeFileSystem,
    create: async (path) => {
      const writer = await nodeFileSystem.create(path);
      return {
        write: (bytes) => writer.write(bytes),
        datasync: () => {
          const sync = Promise.withResolvers<void>();
          syncs.push(sync);
          return sync.promise;
        },
        close: () => writer.close(),
        [Symbol.asyncDispose]: () => writer.close(),
      };
    },
  };
  const blobs = await openBlobs({ directory: dir.path, files: new Files({ system }), random: systemRandom });
  const first = await blobs.put('incoming', oneChunk());
  let isShared = false;
  const sharing = blobs.share({ owner: 'incoming', id: first.id }, 'queue').then(() => (isShared = true));
  while ((await Array.fromAsync(blobs.list('queue'))).length === 0);
  await new Files().syncDirectory(dir.path);
  assert.equal(isShared, false);
  syncs[0]?.resolve();
  await sharing;
  const second = await blobs.put('incoming', oneChunk());
  syncs[1]?.reject(new Error('EIO'));
  await assert.rejects(blobs.share({ owner: 'incoming', id: second.id }, 'queue'), /EIO/);
  await blobs.remove('incoming', second.id);
  assert.deepEqual(await Array.fromAsync(blobs.list('incoming'), ({ id }) => id), [first.id]);
});

test('openBlobs: what was on its way in is gone after a restart, also as older versions left it', async () => {
  await using dir = await tempDir();
  const files = new Files();
  const deps = { directory: dir.path, files, random: systemRandom };
  const blobs = await openBlobs(deps);
  await blobs.put('incoming', oneChunk());
  await files.ensureDirectory(join(dir.path, 'incoming', 'ab'));
  await files.write(join(dir.path, 'incoming', 'ab', `ab${'0'.repeat(30)}`), new Uint8Array(3));
  const kept = await blobs.put('queue', oneChunk());
  const after = await openBlobs(deps);
  assert.deepEqual(await files.list(join(dir.path, 'incoming')), []);
  await using reader = await after.open('queue', kept.id);
  assert.equal(reader.sizeBytes, 3);
});

async function* oneChunk(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(3);
}
