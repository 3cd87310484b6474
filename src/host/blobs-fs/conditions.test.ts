import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Files } from '#host/files';
import { systemRandom } from '#host/random';
import { accountId } from '#lib/ids';
import { BlobMissing, type BlobId } from '#ports/blobs';
import { ConditionError, type ConditionKind } from '#ports/conditions';
import { failingFileSystem } from '#testing/failing-files';
import { tempDir } from '#testing/temp-dir';
import { openBlobs } from './index.ts';

const owner = accountId(1);

async function* content(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(100_000);
}

function is(kind: ConditionKind): (error: unknown) => boolean {
  return (error) => error instanceof ConditionError && error.kind === kind;
}

test('BlobStore: what the disk does comes as conditions, and leaves nothing half written', async () => {
  await using dir = await tempDir();
  const system = failingFileSystem();
  const noted: ConditionKind[] = [];
  const conditions = { note: ({ kind }: ConditionError) => void noted.push(kind) };
  const blobs = await openBlobs({
    directory: dir.path,
    files: new Files({ system }),
    random: systemRandom,
    conditions,
  });
  const { id } = await blobs.put(owner, content());
  for (const [code, kind] of [
    ['ENOSPC', 'diskFull'],
    ['EDQUOT', 'quotaReached'],
    ['EROFS', 'readOnly'],
    ['EIO', 'ioError'],
  ] as const) {
    system.writesFail = code;
    await assert.rejects(blobs.put(owner, content()), is(kind));
    await assert.rejects(blobs.share({ owner, id }, accountId(2)), is(kind));
  }
  system.writesFail = null;
  system.readsFail = 'EMFILE';
  await assert.rejects(blobs.open(owner, id), is('tooManyFiles'));
  system.readsFail = null;
  assert.equal((await Array.fromAsync(blobs.list(owner))).length, 1);
  const missing = 'f'.repeat(32) as BlobId;
  await assert.rejects(blobs.open(owner, missing), (error) => error instanceof BlobMissing && is('blobMissing')(error));
  assert.equal(noted.length, 10);
});

test('BlobStore.put: while the reserve is in use nothing new is written', async () => {
  await using dir = await tempDir();
  const reserve = { isShort: true, release: () => Promise.resolve(false), look: () => Promise.resolve(null) };
  const blobs = await openBlobs({ directory: dir.path, files: new Files(), random: systemRandom, reserve });
  await assert.rejects(blobs.put(owner, content()), is('diskFull'));
  reserve.isShort = false;
  await blobs.put(owner, content());
});
