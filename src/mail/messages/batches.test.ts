import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemFlag } from '#lib/flags';
import type { MailboxId } from '#lib/ids';
import { accountTopic } from '#mail/changes';
import { checkAccount } from '#mail/check';
import { sql, type Database } from '#ports/database';
import { newMessage, tempStore, type TempStore } from '#testing/temp-store';
import { Messages } from './index.ts';
import { openStage, stageCopies } from './staged-copy.ts';
import { uidBatches } from './uid-batches.ts';

const deleted = { mode: 'add', bits: SystemFlag.Deleted, keywords: [] } as const;

/** Seven messages in INBOX, and `Messages` that change two in a transaction. */
async function sevenMessages(store: TempStore, db: Database = store.account.db) {
  const { account, bus, clock } = store;
  const messages = new Messages({ account: account.id, db, bus, clock, batchMessages: 2 });
  const { mailbox } = await messages.append(
    { name: 'INBOX' },
    Array.from({ length: 7 }, () => newMessage([])),
  );
  return { messages, inbox: mailbox, all: [1, 2, 3, 4, 5, 6, 7] };
}

/** The database whose write number `nth` from now on fails. */
function failingAt(db: Database, nth: number): Database {
  let writes = 0;
  return {
    dialect: db.dialect,
    read: (body) => db.read(body),
    write: async (body) => {
      writes += 1;
      if (writes === nth) throw new Error('disk full');
      return await db.write(body);
    },
    durable: () => db.durable(),
    [Symbol.asyncDispose]: async () => {
      await db[Symbol.asyncDispose]();
    },
  };
}

async function uidsOf({ account }: TempStore, mailbox: MailboxId): Promise<number[]> {
  using lease = await account.images.open(mailbox);
  return [...(lease?.image.uids ?? [])];
}

for (const [count, size, want] of [
  [0, 2, []],
  [2, 2, [[1, 2]]],
  [5, 2, [[1, 2], [3, 4], [5]]],
] as const) {
  test(`uidBatches cuts ${count} by ${size}`, () => {
    const uids = Uint32Array.from({ length: count }, (_, i) => i + 1);
    assert.deepEqual([...uidBatches(uids, size)], want);
  });
}

test('Messages.store gives each batch a MODSEQ, and others write between them', async () => {
  await using store = await tempStore();
  const { messages, inbox, all } = await sevenMessages(store);
  const storing = messages.store(inbox, all, { mode: 'add', bits: SystemFlag.Seen, keywords: [] });
  const appended = await messages.append({ id: inbox }, [newMessage([])]);
  const { modSeqs, changed } = await storing;
  assert.deepEqual(changed, all);
  assert.equal(modSeqs.length, 4);
  assert.ok(modSeqs.every((modSeq, i) => i === 0 || modSeq > (modSeqs[i - 1] ?? 0)));
  assert.ok((modSeqs[0] ?? 0) < appended.modSeq && appended.modSeq < (modSeqs[3] ?? 0));
});

test('Messages.expunge and move take all, in batches, with one hint at the end', async () => {
  await using store = await tempStore();
  const { messages, inbox, all } = await sevenMessages(store);
  const { modSeqs } = await messages.store(inbox, [1, 2, 3, 5, 7], deleted);
  assert.equal(modSeqs.length, 3);
  assert.deepEqual((await messages.expunge(inbox, [1, 4, 5])).uids, [1, 5]);
  assert.deepEqual((await messages.expunge(inbox, null)).uids, [2, 3, 7]);
  assert.deepEqual(await uidsOf(store, inbox), [4, 6]);
  await messages.append({ id: inbox }, [newMessage([]), newMessage([])]);
  let hints = 0;
  using _hints = store.bus.subscribe(accountTopic(store.account.id), () => {
    hints += 1;
  });
  const moved = await messages.move(inbox, [...all, 8, 9], { name: 'Archive' });
  assert.deepEqual(
    [moved.from, moved.to],
    [
      [4, 6, 8, 9],
      [1, 2, 3, 4],
    ],
  );
  assert.deepEqual((await messages.move(inbox, [4], { name: 'Archive' })).to, []);
  await new Promise(setImmediate);
  assert.equal(hints, 1);
});

test('Messages.move: all batches go to the mailbox that had the name at the beginning', async () => {
  await using store = await tempStore();
  const { mailboxes } = store.account;
  const { messages, inbox, all } = await sevenMessages(store);
  const { id } = await mailboxes.create('A');
  const moving = messages.move(inbox, all, { name: 'A' });
  await mailboxes.rename('A', 'B');
  await mailboxes.create('A');
  assert.deepEqual((await moving).from, all);
  assert.equal((await uidsOf(store, id)).length, 7);
});

test('Messages: when a batch fails, those before it stay, the rest is as it was, and sessions get their hint', async () => {
  await using store = await tempStore();
  // The first two writes add the messages and flag them.
  const { messages, inbox, all } = await sevenMessages(store, failingAt(store.account.db, 7));
  await messages.store(inbox, all, deleted);
  let hints = 0;
  using _hints = store.bus.subscribe(accountTopic(store.account.id), () => {
    hints += 1;
  });
  await assert.rejects(messages.expunge(inbox, null), /disk full/);
  await new Promise(setImmediate);
  assert.deepEqual(await uidsOf(store, inbox), [3, 4, 5, 6, 7]);
  assert.equal(hints, 1);
  assert.equal((await messages.expunge(inbox, null)).uids.length, 5);
});

test('Messages.copy: when a batch of a long copy fails, the target is as it was and nothing is left', async () => {
  for (const nth of [3, 4, 5, 6]) {
    await using store = await tempStore();
    // The first write adds the messages, the second begins the copy, then come four batches and the last write.
    const { messages, inbox, all } = await sevenMessages(store, failingAt(store.account.db, nth));
    const before = await store.account.changes.modSeq();
    await assert.rejects(messages.copy(inbox, all, { name: 'Archive' }), /disk full/);
    const archive = await store.account.mailboxes.byName('Archive');
    assert.deepEqual([archive?.messages, archive?.uidNext], [0, 1]);
    assert.equal((await store.account.changes.since(before)).messages.length, 0);
    const places = () => store.account.db.read((reader) => reader.all(sql`SELECT uid FROM message`));
    assert.equal((await places()).length, 7);
    assert.equal(await store.account.mailboxes.finishDeletions(), 1);
  }
});

test('Messages.copy: a sweep while a long copy is under way takes nothing of it', async () => {
  await using store = await tempStore();
  const { inbox, all } = await sevenMessages(store);
  const { messages, mailboxes } = store.account;
  const state = { isCopying: true };
  const copying = messages.copy(inbox, all, { name: 'Archive' }, 1).finally(() => {
    state.isCopying = false;
  });
  while (state.isCopying) assert.equal(await mailboxes.finishDeletions(), 0);
  assert.equal((await copying).to.length, 7);
  assert.equal((await mailboxes.byName('Archive'))?.messages, 7);
});

test('Messages.copy: what a crash left of a long copy is whole for the check, unseen, and removed later', async () => {
  await using store = await tempStore();
  const { inbox } = await sevenMessages(store);
  const { id, db, changes, mailboxes } = store.account;
  const before = await changes.modSeq();
  const stage = await db.write((tx) => openStage(tx, id, { name: 'Archive' }));
  await db.write((tx) => stageCopies(tx, id, inbox, [2, 3, 5], { stage: stage.stage, done: 0 }, 0));
  assert.equal(await changes.modSeq(), before);
  assert.deepEqual(await checkAccount(store.account), []);
  assert.equal(await mailboxes.finishDeletions(), 1);
  assert.deepEqual(await db.read((reader) => reader.all(sql`SELECT uid FROM message WHERE mailbox <> ${inbox}`)), []);
});

test('Messages.copy of many leaves out what is gone by then, with flags as they are', async () => {
  await using store = await tempStore();
  const { messages, inbox, all } = await sevenMessages(store);
  await messages.remove(inbox, [1, 4]);
  await messages.store(inbox, [5], deleted);
  const copied = await messages.copy(inbox, all, { name: 'Archive' });
  assert.deepEqual(
    [copied.from, copied.to],
    [
      [2, 3, 5, 6, 7],
      [1, 2, 3, 4, 5],
    ],
  );
  const archive = await store.account.mailboxes.byName('Archive');
  assert.deepEqual([archive?.messages, archive?.deleted, archive?.uidNext], [5, 1, 6]);
  assert.ok(archive !== null);
  assert.deepEqual(await uidsOf(store, archive.id), [1, 2, 3, 4, 5]);
  assert.deepEqual((await messages.copy(inbox, [1, 4, 100], { name: 'Archive' })).to, []);
});

test('Messages.copy is one change whatever its length', async () => {
  await using store = await tempStore();
  const { messages, inbox, all } = await sevenMessages(store);
  const before = await store.account.changes.modSeq();
  assert.deepEqual((await messages.copy(inbox, all, { name: 'Archive' })).to, all);
  assert.equal(await store.account.changes.modSeq(), before + 1);
});
