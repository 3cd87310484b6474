import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemFlag } from '#lib/flags';
import { newMessage, tempStore, type TempStore } from '#testing/temp-store';
import { packBlocks, selectStates } from './index.ts';

async function inboxOf({ account }: TempStore) {
  const inbox = await account.mailboxes.byName('INBOX');
  assert.ok(inbox);
  return inbox.id;
}

async function stateOf(store: TempStore) {
  const inbox = await inboxOf(store);
  const { blocks, rest } = await store.account.db.read((reader) => selectStates(reader, store.account.id, inbox));
  return {
    blocks: blocks.map(({ block, lastUid }) => [block.number, block.uids.length, lastUid]),
    rest: rest.map(([uid]) => uid),
  };
}

async function append(store: TempStore, count: number): Promise<void> {
  await store.account.messages.append(
    { name: 'INBOX' },
    Array.from({ length: count }, () => newMessage([])),
  );
}

test('packBlocks: blocks that are full are packed, and only the last one is left to the rows', async () => {
  await using store = await tempStore();
  await append(store, 3);
  assert.deepEqual(await stateOf(store), { blocks: [], rest: [1, 2, 3] });
  await append(store, 252);
  // UID 256 begins the next block.
  assert.deepEqual((await stateOf(store)).blocks, [[0, 255, 255]]);
  await append(store, 600);
  const { blocks, rest } = await stateOf(store);
  assert.deepEqual(blocks, [
    [0, 255, 255],
    [1, 256, 511],
    [2, 256, 767],
  ]);
  assert.equal(rest.length, 3 + 252 + 600 - 767);
});

test('storeFlags: a change packs its block, later messages are as their rows say until it is full', async () => {
  await using store = await tempStore();
  const { messages, images } = store.account;
  const inbox = await inboxOf(store);
  await append(store, 10);
  using lease = await images.open(inbox);
  await messages.store(inbox, [4], { mode: 'add', bits: SystemFlag.Flagged, keywords: ['Work'] });
  await append(store, 2);
  assert.deepEqual(await stateOf(store), { blocks: [[0, 10, 10]], rest: [11, 12] });
  await messages.store(inbox, [11], { mode: 'add', bits: SystemFlag.Seen, keywords: [] });
  assert.deepEqual(await stateOf(store), { blocks: [[0, 12, 12]], rest: [] });
  await messages.remove(
    inbox,
    Array.from({ length: 12 }, (_, i) => i + 1),
  );
  assert.deepEqual(await stateOf(store), { blocks: [], rest: [] });
  await append(store, 1);
  const image = await lease?.refresh();
  assert.deepEqual([...(image?.uids ?? [])], [13]);
});

test('packBlocks: changes nothing that readers see, and can be done again', async () => {
  await using store = await tempStore();
  await append(store, 300);
  const inbox = await inboxOf(store);
  const { images, db, id } = store.account;
  using before = await images.open(inbox);
  const modSeqs = [...(before?.image.modSeqs ?? [])];
  await db.write((tx) => packBlocks(tx, id, inbox, 1, 301));
  assert.equal(await before?.refresh(), before?.image);
  images[Symbol.dispose]();
  using after = await images.open(inbox);
  assert.deepEqual([...(after?.image.modSeqs ?? [])], modSeqs);
});
