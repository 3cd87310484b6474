import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountId } from '#lib/ids';
import { BlobMissing, type BlobId, type BlobOwner, type BlobStore } from './blobs.ts';

/** A store for one test; disposing it cleans up. */
export interface OpenedBlobs extends AsyncDisposable {
  readonly blobs: BlobStore;
}

/** Tests what every `BlobStore` must do; `name` begins the titles. */
export function blobsContract(name: string, open: () => Promise<OpenedBlobs>): void {
  const account = accountId(7);

  for (const sizes of [
    [],
    [0],
    [1],
    [10, 0, 3],
    [65_536],
    [65_535, 2],
    [200_000],
    Array.from({ length: 300 }, () => 700),
  ]) {
    test(`${name}: put then open gives the same ${sizes.length} pieces (${sum(sizes)} bytes)`, async () => {
      await using opened = await open();
      const bytes = pattern(sum(sizes));
      const stored = await opened.blobs.put(account, pieces(bytes, sizes));
      assert.equal(stored.sizeBytes, bytes.length);
      assert.match(stored.id, /^[0-9a-z]+$/);
      await using reader = await opened.blobs.open(account, stored.id);
      assert.equal(reader.sizeBytes, bytes.length);
      assert.deepEqual(new Uint8Array(await reader.bytes(0, reader.sizeBytes)), bytes);
    });
  }

  test(`${name}: bytes are clamped to the size`, async () => {
    await using opened = await open();
    const bytes = pattern(1000);
    const { id } = await opened.blobs.put('queue', pieces(bytes, [1000]));
    await using reader = await opened.blobs.open('queue', id);
    for (const [start, end] of [
      [0, 1],
      [999, 5000],
      [400, 600],
      [1000, 1000],
      [2000, 3000],
      [5, 5],
    ] as const) {
      assert.deepEqual(new Uint8Array(await reader.bytes(start, end)), bytes.slice(start, end), `${start}..${end}`);
    }
  });

  test(`${name}: put leaves nothing behind when the source fails or is aborted`, async () => {
    await using opened = await open();
    await assert.rejects(opened.blobs.put('incoming', broken()), /the peer went away/);
    const abort = new AbortController();
    abort.abort(new Error('stopped'));
    await assert.rejects(opened.blobs.put('incoming', pieces(pattern(10), [10]), abort.signal), /stopped/);
    assert.deepEqual(await ids(opened.blobs, 'incoming'), []);
    assert.deepEqual(await Array.fromAsync(opened.blobs.owners()), []);
  });

  test(`${name}: share gives the bytes to another owner, whatever becomes of the first`, async () => {
    await using opened = await open();
    const bytes = pattern(100_000);
    const from = { owner: 'incoming', id: (await opened.blobs.put('incoming', pieces(bytes, [100_000]))).id } as const;
    const shared = await opened.blobs.share(from, account);
    await opened.blobs.remove(from.owner, from.id);
    await assert.rejects(opened.blobs.open(from.owner, from.id), BlobMissing);
    await using reader = await opened.blobs.open(account, shared);
    assert.deepEqual(new Uint8Array(await reader.bytes(0, 100_000)), bytes);
  });

  test(`${name}: a blob that does not exist is BlobMissing, removing it is nothing`, async () => {
    await using opened = await open();
    for (const id of ['0'.repeat(32), '../../../etc/passwd', ''] as BlobId[]) {
      await assert.rejects(opened.blobs.open(account, id), BlobMissing, id);
      await assert.rejects(opened.blobs.share({ owner: account, id }, 'queue'), BlobMissing, id);
    }
    await opened.blobs.remove(account, '0'.repeat(32) as BlobId);
  });

  test(`${name}: list and owners tell what there is`, async () => {
    await using opened = await open();
    const many = await Promise.all([1, 2, 3, 4, 5].map((n) => opened.blobs.put(account, pieces(pattern(n), [n]))));
    const queued = await opened.blobs.put('queue', pieces(pattern(9), [9]));
    const listed = await Array.fromAsync(opened.blobs.list(account));
    assert.deepEqual(
      listed.map(({ id, sizeBytes }) => `${id} ${sizeBytes}`).sort(),
      many.map((b) => `${b.id} ${b.sizeBytes}`).sort(),
    );
    assert.ok(listed.every(({ modifiedMs }) => Number.isSafeInteger(modifiedMs) && modifiedMs > 0));
    assert.deepEqual((await Array.fromAsync(opened.blobs.owners())).map(String).sort(), ['7', 'queue']);
    await opened.blobs.remove('queue', queued.id);
    assert.deepEqual(await Array.fromAsync(opened.blobs.owners()), [account]);
  });
}

async function ids(blobs: BlobStore, owner: BlobOwner): Promise<BlobId[]> {
  return (await Array.fromAsync(blobs.list(owner))).map(({ id }) => id);
}

async function* pieces(bytes: Uint8Array, sizes: readonly number[]): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const size of sizes) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function* broken(): AsyncGenerator<Uint8Array> {
  yield pattern(100_000);
  throw new Error('the peer went away');
}

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((a, b) => a + b, 0);
}
