import assert from 'node:assert/strict';
import { mkdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Files, FolderGuard, nodeFileSystem } from '#host/files';
import { isWindows } from '#host/process';
import { systemRandom } from '#host/random';
import { blobsContract, type OpenedBlobs } from '#ports/blobs.contract';
import { BlobMissing, type BlobId, type BlobOwner } from '#ports/blobs';
import { accountId } from '#lib/ids';
import { ConditionError } from '#ports/conditions';
import type { FileSystem } from '#ports/file-system';
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

test('BlobStore.remove: readers of a large blob keep its bytes', { skip: process.platform === 'win32' }, async () => {
  await using dir = await tempDir();
  const files = new Files({ limits: { eraseBytes: 1000 } });
  const blobs = await openBlobs({ directory: dir.path, files, random: systemRandom });
  const body = new Uint8Array(5000).fill(7);
  const put = async (): Promise<BlobId> =>
    (
      await blobs.put(
        accountId(7),
        (async function* () {
          yield body;
        })(),
      )
    ).id;
  const id = await put();
  {
    await using first = await blobs.open(accountId(7), id);
    await using second = await blobs.open(accountId(7), id);
    await second[Symbol.asyncDispose]();
    await blobs.remove(accountId(7), id);
    assert.deepEqual(new Uint8Array(await first.bytes(0, 5000)), body);
  }
  const unread = await put();
  await blobs.remove(accountId(7), unread);
  await assert.rejects(blobs.open(accountId(7), unread), BlobMissing);
});

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

test('openBlobs: folders that are removed under the store are made again, durably, and no blob without its bytes is named', async () => {
  await using dir = await tempDir();
  const [root, shadows] = [join(dir.path, 'root'), join(dir.path, 'shadows')];
  await Promise.all([mkdir(root), mkdir(shadows)]);
  const system = crashFileSystem(root, shadows);
  const files = new Files({ system });
  const directory = join(root, 'blobs');
  // All ids begin alike, so that they share a folder, which the store knows.
  const random = { bytes: (count: number) => systemRandom.bytes(count).fill(0xab, 0, 1) };
  const blobs = await openBlobs({ directory, files, random });
  const incoming = await blobs.put('incoming', oneChunk());
  await blobs.share({ owner: 'incoming', id: incoming.id }, 'queue');
  await blobs.put('queue', oneChunk());
  await files.removeTree(directory);

  await assert.rejects(blobs.share({ owner: 'incoming', id: incoming.id }, 'queue'), BlobMissing);
  const put = await blobs.put('queue', oneChunk());
  const next = await blobs.put('incoming', oneChunk());
  const shared = await blobs.share({ owner: 'incoming', id: next.id }, 'queue');
  await files.removeTree(join(directory, 'queue'));
  const last = await blobs.share({ owner: 'incoming', id: next.id }, 'queue');
  const image = join(dir.path, 'image');
  system.imageAfterPowerLoss(image, seededNumbers(7));
  const after = await openBlobs({ directory: join(image, 'blobs'), files: new Files(), random: systemRandom });
  await using reader = await after.open('queue', last);
  assert.equal(reader.sizeBytes, 3);
  for (const id of [put.id, shared]) await assert.rejects(blobs.open('queue', id), BlobMissing);
});

test('openBlobs: folders that were moved away are not made a second time; restoreFolders makes removed ones', async (t) => {
  if (isWindows) return t.skip('Windows opens no folders');
  await using dir = await tempDir();
  const [directory, elsewhere] = [join(dir.path, 'blobs'), join(dir.path, 'elsewhere')];
  const files = new Files();
  const noted: string[] = [];
  const conditions = { note: ({ kind, subject }: ConditionError) => void noted.push(`${kind} ${subject}`) };
  await using guard = await FolderGuard.open(files, directory);
  const blobs = await openBlobs({ directory, files, random: systemRandom, guard, conditions });
  assert.deepEqual(await blobs.restoreFolders(), []);
  const kept = await blobs.put('queue', oneChunk());
  await rename(directory, elsewhere);
  for (const owner of ['queue', 'incoming', accountId(3)] as const)
    await assert.rejects(blobs.put(owner, oneChunk()), (error) => error instanceof ConditionError);
  await assert.rejects(blobs.restoreFolders(), (error) => error instanceof ConditionError);
  await assert.rejects(files.open(directory), /ENOENT/);
  await rename(elsewhere, directory);
  await (await blobs.open('queue', kept.id))[Symbol.asyncDispose]();
  noted.length = 0;
  await files.removeTree(directory);
  assert.deepEqual(await blobs.restoreFolders(), [directory]);
  await files.removeTree(join(directory, 'incoming'));
  assert.deepEqual(await blobs.restoreFolders(), [join(directory, 'incoming')]);
  assert.deepEqual(noted, [`fileRemoved ${directory}`, `fileRemoved ${join(directory, 'incoming')}`]);
  await blobs.put('queue', oneChunk());
});

async function* oneChunk(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(3);
}
