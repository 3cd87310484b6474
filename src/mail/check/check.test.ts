import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql, type Sql } from '#ports/database';
import { newMessage, tempStore, type TempStore } from '#testing/temp-store';
import { checkAccount, fixAccount } from './index.ts';

/** Damage, and the undoing of it, so that the store is whole when it closes. */
async function damaged(store: TempStore, damage: Sql, repair: Sql): Promise<string[]> {
  const { account } = store;
  await account.db.write((tx) => tx.run(damage));
  const findings = await checkAccount(account);
  await account.db.write((tx) => tx.run(repair));
  return findings.map(({ kind, text, isLoss }) => `${kind}${isLoss ? '!' : ''}: ${text}`);
}

for (const [damage, repair, want] of [
  [
    sql`UPDATE mailbox SET unseen = 7 WHERE name = 'INBOX'`,
    sql`UPDATE mailbox SET unseen = 2 WHERE name = 'INBOX'`,
    'counter: mailbox INBOX says unseen 7, a recount gives 2',
  ],
  [
    sql`UPDATE mailbox SET uidnext = 2 WHERE name = 'INBOX'`,
    sql`UPDATE mailbox SET uidnext = 3 WHERE name = 'INBOX'`,
    'uid: mailbox INBOX has UID 2, and UIDNEXT 2',
  ],
  [
    sql`UPDATE email SET refs = 3 WHERE id = (SELECT MIN(id) FROM email)`,
    sql`UPDATE email SET refs = 1`,
    'reference: email 7 says it is in 3 places, and is in 1',
  ],
  [
    sql`UPDATE content SET size_bytes = size_bytes + 1 WHERE id = 8`,
    sql`UPDATE content SET size_bytes = size_bytes - 1 WHERE id = 8`,
    'size!: email 8 should have 21 bytes, and has 22',
  ],
  [
    sql`UPDATE message SET email = email + 100 WHERE uid = 2`,
    sql`UPDATE message SET email = email - 100 WHERE uid = 2`,
    'reference!: message 2 of mailbox 1 refers to email 108, which does not exist',
  ],
  [
    sql`UPDATE message SET modseq = 99 WHERE uid = 2`,
    sql`UPDATE message SET modseq = create_modseq WHERE uid = 2`,
    'modseq: message 2 of mailbox 1 has the impossible MODSEQ 99',
  ],
  [
    sql`UPDATE email SET thread = 9 WHERE id = 8`,
    sql`UPDATE email SET thread = 8 WHERE id = 8`,
    'thread: email 8 is in thread 9, which is younger than it',
  ],
  [
    sql`UPDATE content SET blob_id = 'gone', bytes = NULL WHERE id = 8`,
    sql`UPDATE content SET blob_id = NULL, bytes = zeroblob(size_bytes) WHERE id = 8`,
    'blob!: the blob gone of content 8 is missing',
  ],
] as const) {
  test(`checkAccount finds that ${want}`, async () => {
    await using store = await tempStore();
    await store.account.messages.append({ name: 'INBOX' }, [newMessage(['Subject: a']), newMessage(['Subject: b'])]);
    const findings = await damaged(store, damage, repair);
    assert.ok(findings.includes(want), findings.join('\n'));
  });
}

test('fixAccount sets counters right and collects orphans', async () => {
  await using store = await tempStore();
  const { account, blobs, clock, sweeper } = store;
  await account.messages.append({ name: 'INBOX' }, [newMessage([])]);
  await account.db.write((tx) => tx.run(sql`UPDATE mailbox SET total = 5, size_bytes = 1 WHERE name = 'INBOX'`));
  await blobs.put(account.id, chunks());
  assert.deepEqual(
    (await checkAccount(account)).map(({ kind }) => kind),
    ['counter', 'counter', 'orphan'],
  );
  // The clock of the files is the machine's: far enough ahead, whatever its time.
  await clock.advance(100 * 365 * 24 * 60 * 60_000);
  assert.equal(await fixAccount(account, sweeper), 2);
  assert.deepEqual(await checkAccount(account), []);
  assert.equal(await sweeper.sweepAccount(account.id, account.db), 0);
  await clock.advance(60 * 60_000);
  assert.equal(await sweeper.sweepAccount(account.id, account.db), 1);
});

async function* chunks(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(3);
}
