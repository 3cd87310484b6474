import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemFlag } from '#lib/flags';
import type { Database } from '#ports/database';
import { FakeLoop } from '#testing/fake-loop';
import { newMessage, tempStore } from '#testing/temp-store';
import { MailboxImages } from './index.ts';

/** A database that counts its reads and can fail the next one. */
class CountingDatabase implements Database {
  readonly #db: Database;
  reads = 0;
  failsNext = false;

  constructor(db: Database) {
    this.#db = db;
  }

  get dialect(): Database['dialect'] {
    return this.#db.dialect;
  }

  read: Database['read'] = async (body) => {
    this.reads += 1;
    if (this.failsNext) {
      this.failsNext = false;
      throw new Error('disk on fire');
    }
    return await this.#db.read(body);
  };

  write: Database['write'] = (body) => this.#db.write(body);

  durable(): Promise<void> {
    return this.#db.durable();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#db[Symbol.asyncDispose]();
  }
}

test('MailboxImages.refresh: callers at one time share a read, and whoever comes during one gets the next', async () => {
  await using store = await tempStore();
  const { account, clock } = store;
  await account.messages.append({ name: 'INBOX' }, [newMessage(['Subject: 1'])]);
  const id = (await account.mailboxes.byName('INBOX'))?.id;
  assert.ok(id);
  const db = new CountingDatabase(account.db);
  using images = new MailboxImages({ account: account.id, db, clock, loop: new FakeLoop() });
  using first = await images.open(id);
  using second = await images.open(id);
  assert.ok(first && second);

  const before = first.image;
  const started = db.reads;
  const early = first.refresh();
  const stored = account.messages.store(id, [1], { mode: 'add', bits: SystemFlag.Seen, keywords: [] });
  const late = Array.from({ length: 1000 }, (_, i) => stored.then(() => (i % 2 === 0 ? first : second).refresh()));
  assert.equal(await early, before);
  const current = await Promise.all(late);
  assert.equal(new Set(current).size, 1);
  assert.ok((current[0]?.highestModSeq ?? 0) > before.highestModSeq);
  assert.ok(db.reads - started <= 3, `${db.reads - started} reads`);

  const shared = db.reads;
  await Promise.all(Array.from({ length: 1000 }, () => first.refresh()));
  assert.equal(db.reads - shared, 2, "the first caller's, and one for all who came during it");
});

test('MailboxImages.refresh: a read that fails is told to those who asked for it, and the next one runs', async () => {
  await using store = await tempStore();
  const { account, clock } = store;
  const id = (await account.mailboxes.byName('INBOX'))?.id;
  assert.ok(id);
  const db = new CountingDatabase(account.db);
  using images = new MailboxImages({ account: account.id, db, clock, loop: new FakeLoop() });
  using lease = await images.open(id);
  assert.ok(lease);
  db.failsNext = true;
  const failing = lease.refresh();
  const waiting = lease.refresh();
  await assert.rejects(failing, /disk on fire/);
  assert.equal(await waiting, lease.image);
  assert.equal(await lease.refresh(), lease.image);
});

test('MailboxImages.refresh: alteredModSeq moves with changed flags, not with new or removed messages', async () => {
  await using store = await tempStore();
  const { account, clock } = store;
  const append = (): Promise<unknown> => account.messages.append({ name: 'INBOX' }, [newMessage(['Subject: 1'])]);
  await append();
  await append();
  const id = (await account.mailboxes.byName('INBOX'))?.id;
  assert.ok(id);
  using images = new MailboxImages({ account: account.id, db: account.db, clock, loop: new FakeLoop() });
  using lease = await images.open(id);
  assert.ok(lease);
  const altered = async (): Promise<number> => (await lease.refresh())?.alteredModSeq ?? Number.NaN;
  assert.equal(await altered(), 0);
  await append();
  assert.equal(await altered(), 0);
  await account.messages.store(id, [2], { mode: 'add', bits: SystemFlag.Deleted, keywords: [] });
  const afterStore = await altered();
  assert.equal(afterStore, lease.image.highestModSeq);
  await account.messages.expunge(id, null);
  assert.equal(await altered(), afterStore);
});

test('MailboxImages: others have the loop for each block of messages that an image takes in', async () => {
  await using store = await tempStore();
  const { account, clock } = store;
  const many = Array.from({ length: 1100 }, (_, i) => newMessage([`Subject: ${i}`]));
  await account.messages.append({ name: 'INBOX' }, many);
  const id = (await account.mailboxes.byName('INBOX'))?.id;
  assert.ok(id);
  const loop = new FakeLoop();
  using images = new MailboxImages({ account: account.id, db: account.db, clock, loop });
  using lease = await images.open(id);
  assert.equal(lease?.image.uids.length, 1100);
  assert.equal(loop.pauses, 4);
  const uids = Array.from(lease.image.uids);
  await account.messages.store(id, uids, { mode: 'add', bits: SystemFlag.Deleted, keywords: [] });
  await lease.refresh();
  assert.ok(loop.pauses >= 12, `${loop.pauses} pauses`);
});
