import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkAccount } from '#mail/check';
import { bodyOfBytes } from '#mail/content';
import { sql, type Database } from '#ports/database';
import { newMessage, tempStore, type TempStore } from '#testing/temp-store';
import { Messages } from './index.ts';
import { messageLimits } from './limits.ts';

const mara = {
  remoteIp: null,
  mailFrom: 'a@x.example',
  rcptTo: null,
  validation: null,
};

async function rowsOf({ account: { db } }: TempStore) {
  const rows = await db.read((reader) =>
    reader.arrays(
      sql`SELECT (SELECT count(*) FROM email), (SELECT count(*) FROM content), (SELECT count(*) FROM expunged_email)`,
    ),
  );
  const places = await db.read((reader) => reader.arrays(sql`SELECT id, copies FROM shared_email ORDER BY id`));
  const [emails, contents, expunged] = rows[0] ?? [];
  const shared = places.length === 0 ? null : places.map((place) => place.join('+')).join(' ');
  return { emails, contents, expunged, shared };
}

/** The database with its writes counted; the one that `fails` says so. */
function counting(db: Database, seen: { writes: number; fails?: number }): Database {
  return {
    dialect: db.dialect,
    read: (body) => db.read(body),
    write: async (body, space) => {
      seen.writes += 1;
      if (seen.writes === seen.fails) throw new Error('disk full');
      return await db.write(body, space);
    },
    durable: () => db.durable(),
    [Symbol.asyncDispose]: () => db[Symbol.asyncDispose](),
  };
}

test('EmailEraser removes rows and bytes a little after the last place went, with the time at which it went', async () => {
  await using store = await tempStore();
  const { account, clock } = store;
  const { messages } = account;
  const header = ['Message-ID: <1@x>'];
  const { mailbox } = await messages.append({ name: 'INBOX' }, [
    newMessage(header, { reception: mara }),
    newMessage([]),
  ]);
  assert.equal(await messages.hasMessageId('1@x'), true);
  const goneMs = clock.now();
  await messages.remove(mailbox, [1]);
  assert.equal(await messages.hasMessageId('1@x'), false);
  assert.deepEqual(await rowsOf(store), { emails: 2, contents: 2, expunged: 1, shared: null });
  assert.deepEqual(await checkAccount(account), []);
  await clock.advance(messageLimits.eraseAfterMs - 1);
  assert.equal((await rowsOf(store)).expunged, 1);
  await clock.advance(1);
  assert.equal(await messages.eraseExpunged(), 0);
  assert.deepEqual(await rowsOf(store), { emails: 1, contents: 1, expunged: 0, shared: null });
  const departed = await account.db.read((reader) => reader.arrays(sql`SELECT gone_ms, message_id FROM departed`));
  assert.deepEqual(departed, [[goneMs, '1@x']]);
});

test('Messages keep an email as long as it has a place, however its places come and go', async () => {
  await using store = await tempStore();
  const { messages, mailboxes } = store.account;
  const { mailbox: inbox } = await messages.append({ name: 'INBOX' }, [newMessage([]), newMessage([])]);
  const archive = (await mailboxes.byName('Archive'))?.id;
  assert.ok(archive !== undefined);
  const shared = async () => (await rowsOf(store)).shared;
  await messages.copy(inbox, [1, 2], { id: archive });
  // The copy and what it is of, once more: places 1, 3 and 4 of the first email are in one mailbox.
  await messages.copy(inbox, [1], { id: archive });
  await messages.copy(archive, [1, 3], { id: archive });
  assert.equal(await shared(), '7+4 8+1');
  await messages.remove(archive, [1, 2, 3]);
  assert.equal(await shared(), '7+2');
  await messages.remove(inbox, [1, 2]);
  assert.deepEqual(await rowsOf(store), { emails: 2, contents: 2, expunged: 1, shared: '7+1' });
  assert.equal(await messages.eraseExpunged(), 1);
  await messages.move(archive, [4], { id: inbox });
  await messages.remove(archive, [5]);
  assert.deepEqual(await rowsOf(store), { emails: 1, contents: 1, expunged: 0, shared: null });
  await messages.copy(inbox, [3], { id: inbox });
  await messages.remove(inbox, [3, 4]);
  assert.deepEqual(await rowsOf(store), { emails: 1, contents: 1, expunged: 1, shared: null });
  assert.equal(await messages.eraseExpunged(), 1);
});

test('EmailEraser works in small pieces: so many emails, so many bytes', async () => {
  await using store = await tempStore();
  const { account, clock, bus } = store;
  const seen = { writes: 0 };
  using messages = new Messages({ account: account.id, db: counting(account.db, seen), bus, clock });
  for (const [count, bytes, pieces] of [
    [messageLimits.eraseEmails, 10, 1],
    [messageLimits.eraseEmails + 1, 10, 2],
    [4, messageLimits.eraseBytes / 2, 2],
    [2, messageLimits.eraseBytes + 1, 2],
  ] as const) {
    const body = bodyOfBytes(new Uint8Array(bytes));
    const many = Array.from({ length: count }, () => ({ ...newMessage([]), body }));
    const { mailbox, uids } = await messages.append({ name: 'INBOX' }, many);
    await messages.remove(mailbox, uids);
    seen.writes = 0;
    assert.equal(await messages.eraseExpunged(), count);
    assert.equal(seen.writes, pieces, `${count} of ${bytes} bytes`);
  }
  await account.db.write((tx) => tx.run(sql`UPDATE mailbox SET total = total`));
});

test('EmailEraser: what fails or is not done at the end is done by the sweep after the next start', async () => {
  await using store = await tempStore();
  const { account, accounts, clock, bus } = store;
  const seen: { writes: number; fails?: number } = { writes: 0 };
  const messages = new Messages({ account: account.id, db: counting(account.db, seen), bus, clock });
  const { mailbox } = await messages.append({ name: 'INBOX' }, [newMessage([]), newMessage([])]);
  await messages.remove(mailbox, [1]);
  seen.fails = seen.writes + 1;
  await clock.advance(messageLimits.eraseAfterMs);
  await assert.rejects(async () => {
    seen.fails = seen.writes + 1;
    await messages.eraseExpunged();
  }, /disk full/);
  assert.equal((await rowsOf(store)).expunged, 1);
  await messages.remove(mailbox, [2]);
  messages[Symbol.dispose]();
  await clock.advance(messageLimits.eraseAfterMs);
  assert.equal((await rowsOf(store)).expunged, 2);
  await accounts.finishDeletions();
  assert.deepEqual(await rowsOf(store), { emails: 0, contents: 0, expunged: 0, shared: null });
});

test('Messages.copy keeps the order of emails and gives ids of their own, in runs of UIDs and where there are gaps', async () => {
  await using store = await tempStore();
  const { messages, mailboxes, db } = store.account;
  const many = Array.from({ length: 1100 }, (_, i) => newMessage([`Subject: ${i}`]));
  const { mailbox: inbox, uids } = await messages.append({ name: 'INBOX' }, many);
  await messages.remove(inbox, [7, 50, 52, 600]);
  const archive = (await mailboxes.byName('Archive'))?.id;
  assert.ok(archive !== undefined);
  assert.equal((await messages.copy(inbox, uids, { id: archive })).to.length, 1096);
  const rows = async (mailbox: number) =>
    db.read((reader) =>
      reader.arrays(sql`SELECT email, size_bytes, subject_key FROM message WHERE mailbox = ${mailbox} ORDER BY uid`),
    );
  assert.deepEqual(await rows(archive), await rows(inbox));
  const [ids] = await db.read((reader) =>
    reader.arrays(sql`SELECT count(DISTINCT id), count(*), max(uid) FROM message WHERE mailbox = ${archive}`),
  );
  assert.deepEqual(ids, [1096, 1096, 1096]);
  assert.equal((await rowsOf(store)).shared?.toString().split(' ').length, 1096);
});
