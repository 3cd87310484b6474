import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import type { BlobStore } from '#ports/blobs';
import { ConditionError } from '#ports/conditions';
import { sql } from '#ports/database';
import { newMessage, tempStore } from '#testing/temp-store';
import {
  BlobSweeper,
  bodyOfBytes,
  ContentDamaged,
  ContentMemory,
  ContentWriter,
  discardBlob,
  receivedMessageBytes,
  storedMessageBytes,
  type MessageBytes,
} from './index.ts';

async function countOf(blobs: BlobStore): Promise<number> {
  let count = 0;
  for await (const _ of blobs.list('incoming')) count += 1;
  return count;
}

for (const [sizes, kind] of [
  [[], 'inline'],
  [[10], 'inline'],
  [[4, 3, 3], 'inline'],
  [[11], 'blob'],
  [[4, 4, 4, 100, 1], 'blob'],
] as const) {
  test(`ContentWriter makes chunks of ${sizes.join('+') || 'nothing'} a body of kind ${kind}`, async () => {
    await using store = await tempStore();
    const { blobs } = store;
    const writer = new ContentWriter({ blobs, limits: { inlineBytes: 10 } });
    const all: number[] = [];
    for (const [i, size] of sizes.entries()) {
      const chunk = new Uint8Array(size).fill(i + 1);
      all.push(...chunk);
      await writer.write(chunk);
    }
    const body = await writer.finish();
    assert.equal(body.kind, kind);
    assert.equal(body.sizeBytes, all.length);
    if (body.kind === 'blob') assert.equal(body.crc32, crc32(Uint8Array.from(all)));
    const content = receivedMessageBytes(blobs, body);
    assert.deepEqual([...(await content.bytes(0, 1000))], all);
    await writer[Symbol.asyncDispose]();
    assert.equal(await countOf(blobs), 0);
  });
}

test('ContentWriter shares memory with others, and uses a blob while there is none', async () => {
  await using store = await tempStore();
  const memory = new ContentMemory(10);
  const limits = { inlineBytes: 14, ownBytes: 4 };
  const receive = async (sizeBytes: number): Promise<{ kind: string } & AsyncDisposable> => {
    const writer = new ContentWriter({ blobs: store.blobs, memory, limits });
    for (let at = 0; at < sizeBytes; at += 1) await writer.write(new Uint8Array(1));
    const { kind } = await writer.finish();
    return { kind, [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose]() };
  };
  {
    await using first = await receive(12);
    assert.equal(first.kind, 'inline');
    await using second = await receive(5);
    assert.equal(second.kind, 'blob', 'the first holds 8 of 10 bytes, and 10 are asked for');
    await using own = await receive(4);
    assert.equal(own.kind, 'inline', 'its own part needs no memory of others');
  }
  await using beyond = await receive(15);
  assert.equal(beyond.kind, 'blob');
  await using again = await receive(14);
  assert.equal(again.kind, 'inline', 'what others took was given back');
  assert.equal(memory.take(1), false);
});

test('ContentMemory lends no more than its parent has', () => {
  const parent = new ContentMemory(10);
  const child = new ContentMemory(8, parent);
  assert.equal(child.take(9), false);
  assert.equal(child.take(8), true);
  assert.equal(parent.take(3), false);
  assert.equal(new ContentMemory(100, parent).take(3), false);
  child.release(8);
  assert.equal(parent.take(10), true);
});

test('ContentWriter.abort leaves nothing behind', async () => {
  await using store = await tempStore();
  const writer = new ContentWriter({ blobs: store.blobs, limits: { inlineBytes: 10 } });
  await writer.write(new Uint8Array(50));
  await writer.abort();
  assert.equal(await countOf(store.blobs), 0);
  assert.throws(() => writer.write(new Uint8Array(1)), /after the end/);
});

test('ContentWriter tells of a disk that fails', async () => {
  await using store = await tempStore();
  const blobs: BlobStore = { ...store.blobs, put: () => Promise.reject(new Error('disk full')) };
  const writer = new ContentWriter({ blobs, limits: { inlineBytes: 1 } });
  await assert.rejects(async () => {
    for (let i = 0; i < 5; i += 1) await writer.write(new Uint8Array(10));
    await writer.finish();
  }, /disk full/);
  await writer.abort();
});

test('MessageBytes joins prefix and body at any cut', async () => {
  await using store = await tempStore();
  const prefix = new TextEncoder().encode('abc');
  const content = receivedMessageBytes(store.blobs, bodyOfBytes(new TextEncoder().encode('defg')), prefix);
  for (let start = -1; start <= 8; start += 1) {
    for (let end = start; end <= 9; end += 1) {
      const want = 'abcdefg'.slice(Math.max(0, start), Math.max(0, end));
      assert.equal(new TextDecoder().decode(await content.bytes(start, end)), want);
    }
  }
});

test('BlobSweeper tries failed removals again, later each time', async () => {
  await using store = await tempStore();
  const { account, clock, log } = store;
  let fails = 2;
  const removed: string[] = [];
  const remove: BlobStore['remove'] = async (_, id) => {
    fails -= 1;
    if (fails >= 0) throw new Error('EBUSY');
    removed.push(id);
  };
  const blobs = new Proxy(store.blobs, {
    get: (target, key) => (key === 'remove' ? remove : Reflect.get(target, key)),
  });
  const sweeper = new BlobSweeper({ blobs, clock, log });
  const id = 'busy' as Parameters<BlobStore['remove']>[1];
  await account.db.write((tx) => discardBlob(tx, account.id, id, clock.now()));
  const sweeps: number[] = [];
  for (const minutes of [0, 61, 0, 2, 0, 3]) {
    await clock.advance(minutes * 60_000);
    sweeps.push(await sweeper.sweepAccount(account.id, account.db));
  }
  assert.deepEqual(sweeps, [0, 0, 0, 0, 0, 1]);
  assert.deepEqual(removed, ['busy']);
  const left = await account.db.read((reader) => reader.all(sql`SELECT blob_id FROM blob_garbage`));
  assert.deepEqual(left, []);
});

test('BlobSweeper leaves alone what was taken for an orphan before its row came', async () => {
  await using store = await tempStore();
  const { account, accounts, blobs, clock, sweeper } = store;
  const { id, sizeBytes } = await blobs.put(account.id, oneChunk(new Uint8Array(70_000)));
  // The clock of the files is the machine's: far enough ahead, whatever its time.
  await clock.advance(100 * 365 * 24 * 60 * 60_000);
  assert.equal(await accounts.collectOrphans(sweeper), 1);
  assert.equal(await accounts.collectOrphans(sweeper), 0);
  const checksum = crc32(new Uint8Array(70_000));
  const body = { kind: 'blob', id, sizeBytes, crc32: checksum, account: account.id } as const;
  await account.messages.append({ name: 'INBOX' }, [newMessage([], { body })]);
  await clock.advance(2 * 60 * 60_000);
  assert.equal(await accounts.sweepBlobs(sweeper), 0);
  await using reader = await blobs.open(account.id, id);
  assert.equal(reader.sizeBytes, sizeBytes);
});

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

test('storedMessageBytes: an empty body may come as NULL, and a body without its bytes throws when it is read', async () => {
  await using store = await tempStore();
  const { blobs, account } = store;
  const prefix = new TextEncoder().encode('abc');
  const empty = storedMessageBytes(blobs, account.id, { sizeBytes: 0, crc32: 0, blobId: null, bytes: null }, prefix);
  assert.deepEqual(await empty.bytes(0, 10), prefix);
  const lost = storedMessageBytes(blobs, account.id, { sizeBytes: 5, crc32: 1, blobId: null, bytes: null }, prefix);
  assert.deepEqual(await lost.bytes(0, 3), prefix);
  assert.throws(() => lost.bytes(0, 4), ContentDamaged);
  const cut = storedMessageBytes(blobs, account.id, { sizeBytes: 5, crc32: 1, blobId: null, bytes: prefix }, prefix);
  assert.throws(() => cut.bytes(3, 8), ContentDamaged);
  assert.deepEqual(await cut.bytes(3, 6), prefix);
});

test('storedMessageBytes compares a checksum: before anything is used where the body is read in one piece, else at the end', async () => {
  await using store = await tempStore();
  const { blobs, account } = store;
  const body = new Uint8Array(100_000).fill(7);
  const prefix = new TextEncoder().encode('abc');
  const { id, sizeBytes } = await blobs.put(account.id, oneChunk(body));
  const read = (start: number, end: number): Promise<Uint8Array> => Promise.resolve(body.subarray(start, end));
  const places = [
    { blobId: id, bytes: null },
    { blobId: null, bytes: read },
    { blobId: null, bytes: body },
  ];
  for (const [place, isInMemory] of places.map((one) => [one, one.bytes === body] as const)) {
    const of = (checksum: number | null): MessageBytes =>
      storedMessageBytes(blobs, account.id, { sizeBytes, crc32: checksum, ...place }, prefix);
    const end = prefix.length + sizeBytes;
    for (const good of [of(crc32(body)), of(null)]) {
      assert.equal((await good.bytes(0, end)).length, end);
      assert.equal(Buffer.concat(await Array.fromAsync(good.stream())).length, end);
      assert.equal(good.damage, null);
    }
    const bad = of(crc32(body) ^ 1);
    assert.deepEqual(await bad.bytes(0, 3), prefix);
    await assert.rejects(async () => bad.bytes(0, end), ContentDamaged);
    await assert.rejects(
      async () => bad.bytes(3, end),
      (error) => error instanceof ConditionError && error.kind === 'damaged',
    );
    const streamed: Uint8Array[] = [];
    await assert.rejects(async () => {
      for await (const piece of of(1).stream()) streamed.push(piece);
    }, ContentDamaged);
    if (isInMemory) continue;
    assert.equal(Buffer.concat(streamed).length, end);
    // In pieces, of which some are passed over: nothing can be said of it.
    const partly = of(1);
    for (const [from, to] of [
      [3, 50],
      [60, end],
    ] as const)
      await partly.bytes(from, to);
    assert.equal(damageOf(partly), null);
    for (const [from, to] of [
      [0, 50],
      [50, 60_000],
      [60_000, end],
    ] as const) {
      assert.equal(damageOf(partly), null);
      await partly.bytes(from, to);
    }
    assert.match(damageOf(partly)?.message ?? '', /its checksum is wrong/);
    assert.match(damageOf(partly)?.subject ?? '', place.blobId === null ? /^accounts\/1\/account.db$/ : /^blobs\/1\//);
  }
  await blobs.remove(account.id, id);
});

function damageOf({ damage }: MessageBytes): ContentDamaged | null {
  return damage;
}
