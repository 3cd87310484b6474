import assert from 'node:assert/strict';
import { test } from 'node:test';
import { crc32 } from 'node:zlib';
import { SystemFlag } from '#lib/flags';
import { ConditionError } from '#ports/conditions';
import { sql, type Sql } from '#ports/database';
import { newMessage, tempStore, type TempStore } from '#testing/temp-store';
import { checkAccount, checkStore, fixAccount, repairFlags } from './index.ts';

/** Damage, and the undoing of it, so that the store is whole when it closes. */
async function damaged(store: TempStore, damage: Sql, repair: Sql): Promise<string[]> {
  const { account } = store;
  await account.db.write((tx) => tx.run(damage));
  const problems = await checkAccount(account);
  await account.db.write((tx) => tx.run(repair));
  return problems.map(({ kind, text, isLoss }) => `${kind}${isLoss ? '!' : ''}: ${text}`);
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
    sql`INSERT INTO shared_email (account, id, copies) VALUES (1, 7, 2)`,
    sql`DELETE FROM shared_email`,
    'reference: email 7 is recorded in 3 places, and is in 1',
  ],
  [
    sql`INSERT INTO expunged_email (account, id, gone_ms) VALUES (1, 7, 0)`,
    sql`DELETE FROM expunged_email`,
    'reference!: email 7 is to be removed, and is in 1 places (INBOX UID 1)',
  ],
  [
    sql`INSERT INTO shared_email (account, id, copies) VALUES (1, 9, 2)`,
    sql`DELETE FROM shared_email`,
    'reference: places of email 9 are recorded, and it does not exist',
  ],
  [
    sql`INSERT INTO expunged_email (account, id, gone_ms) VALUES (1, 9, 2)`,
    sql`DELETE FROM expunged_email`,
    'reference: places of email 9 are recorded, and it does not exist',
  ],
  [
    sql`UPDATE content SET size_bytes = size_bytes + 1 WHERE id = 8`,
    sql`UPDATE content SET size_bytes = size_bytes - 1 WHERE id = 8`,
    'size!: email 8 should have 21 bytes, and has 22 (INBOX UID 2)',
  ],
  [
    sql`UPDATE message SET email = email + 100 WHERE uid = 2`,
    sql`UPDATE message SET email = email - 100 WHERE uid = 2`,
    'reference!: message 2 of mailbox 1 refers to email 108, which does not exist',
  ],
  [
    sql`UPDATE message SET create_modseq = 99 WHERE uid = 2`,
    sql`UPDATE message SET create_modseq = (SELECT create_modseq FROM message WHERE uid = 1) WHERE uid = 2`,
    'modseq: message 2 of mailbox 1 has the impossible MODSEQ 99',
  ],
  [
    sql`UPDATE email SET thread = 9 WHERE id = 8`,
    sql`UPDATE email SET thread = 8 WHERE id = 8`,
    'thread: email 8 is in thread 9, which is younger than it',
  ],
  [
    sql`UPDATE content SET bytes = ${new Uint8Array(21)} WHERE id = 8`,
    sql`UPDATE content SET crc32 = NULL WHERE id = 8`,
    'size!: content 8 has other bytes than were stored: its checksum is wrong (INBOX UID 2)',
  ],
  [
    sql`UPDATE email SET structure = '{', description = NULL WHERE id = 8`,
    sql`UPDATE email SET envelope = '()', bodystructure = '()', structure = '{"o":[0,14,21,1]}' WHERE id = 8`,
    'reference!: email 8 has a damaged structure (INBOX UID 2)',
  ],
  [
    sql`UPDATE email SET description = substr(description, 2) WHERE id = 8`,
    sql`UPDATE email SET description = NULL, envelope = '()', bodystructure = '()', structure = '{"o":[0,14,21,1]}' WHERE id = 8`,
    'description: email 8 has a damaged description, which is made again when it is read (INBOX UID 2)',
  ],
  [
    sql`UPDATE email SET header_bytes = header_bytes + 100 WHERE id = 8`,
    sql`UPDATE email SET header_bytes = header_bytes - 100 WHERE id = 8`,
    'size!: email 8 has 21 bytes, and says that 114 are its header (INBOX UID 2)',
  ],
  [
    sql`INSERT INTO content (account, id, size_bytes, has_nul, bytes) VALUES (1, 9, 0, 0, ${new Uint8Array(0)})`,
    sql`DELETE FROM content WHERE id = 9`,
    'reference: content 9 belongs to no email',
  ],
  [
    sql`INSERT INTO tombstone (account, mailbox, modseq, uid, create_modseq, message, email) VALUES (1, 1, 3, 2, 2, 8, 8)`,
    sql`DELETE FROM tombstone`,
    'tombstone: message 2 of mailbox 1 exists and has a tombstone',
  ],
  [
    sql`UPDATE message SET id = 7 WHERE uid = 2`,
    sql`UPDATE message SET id = 8 WHERE uid = 2`,
    'uid: the row id 7 is used by several messages',
  ],
  [
    sql`UPDATE content SET blob_id = 'gone', bytes = NULL WHERE id = 8`,
    sql`UPDATE content SET blob_id = NULL, bytes = ${new Uint8Array(21)}, crc32 = NULL WHERE id = 8`,
    'blob!: the blob gone of content 8 is missing (INBOX UID 2)',
  ],
] as const) {
  test(`checkAccount finds that ${want}`, async () => {
    await using store = await tempStore();
    await store.account.messages.append({ name: 'INBOX' }, [newMessage(['Subject: a']), newMessage(['Subject: b'])]);
    const problems = await damaged(store, damage, repair);
    assert.ok(problems.includes(want), problems.join('\n'));
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

test('fixAccount makes damaged descriptions again from the bytes of their messages', async () => {
  await using store = await tempStore();
  const { account, sweeper } = store;
  await account.messages.append({ name: 'INBOX' }, [newMessage(['Subject: a']), newMessage(['Subject: b'])]);
  const descriptions = (): Promise<unknown[][]> =>
    account.db.read((reader) => reader.arrays(sql`SELECT id, description FROM email ORDER BY id`));
  const before = await descriptions();
  await account.db.write((tx) => tx.run(sql`UPDATE email SET description = substr(description, 2) WHERE id = 8`));
  assert.deepEqual(
    (await checkAccount(account)).map(({ kind }) => kind),
    ['description'],
  );
  assert.equal(await fixAccount(account, sweeper), 1);
  assert.deepEqual(await checkAccount(account), []);
  assert.deepEqual(await descriptions(), before);
});

test('checkAccount reads each blob, and names the message whose bytes changed', async () => {
  await using store = await tempStore();
  const { account, blobs } = store;
  const { id, sizeBytes } = await blobs.put(account.id, chunks());
  for (const checksum of [crc32(new Uint8Array(3)), 1]) {
    const body = { kind: 'blob', id, sizeBytes, crc32: checksum, account: account.id } as const;
    await account.messages.append({ name: 'INBOX' }, [newMessage([], { body })]);
    const problems = await checkAccount(account);
    const damages = problems.filter(({ kind }) => kind === 'blob').map(({ text }) => text);
    const wrong = `the blob ${id} of content 8 has other bytes than were stored: its checksum is wrong (INBOX UID 2)`;
    assert.deepEqual(damages, checksum === 1 ? [wrong] : []);
    const inbox = await account.mailboxes.byName('INBOX');
    assert.ok(inbox);
    // A blob belongs to one row.
    await account.messages.remove(inbox.id, [1, 2]);
    assert.deepEqual(await checkAccount(account), []);
    await account.messages.eraseExpunged();
    await account.db.write((tx) => tx.run(sql`DELETE FROM blob_garbage`));
  }
  await blobs.remove(account.id, id);
});

test('checkAccount names a hundred problems of a kind, and how many more there are', async () => {
  await using store = await tempStore();
  const { account } = store;
  await account.messages.append(
    { name: 'INBOX' },
    Array.from({ length: 103 }, () => newMessage([])),
  );
  await account.db.write((tx) => tx.run(sql`UPDATE email SET thread = id + 1`));
  const problems = await checkAccount(account);
  await account.db.write((tx) => tx.run(sql`UPDATE email SET thread = id`));
  assert.equal(problems.length, 101);
  assert.equal(problems[100]?.text, '3 more like these');
});

test('checkStore names an account that it cannot open, and goes on', async () => {
  await using store = await tempStore();
  const { accounts, account, blobs, databases } = store;
  await accounts.create('zoe');
  await account.db.write((tx) => tx.run(sql`UPDATE mailbox SET total = 5 WHERE account = 1 AND name = 'INBOX'`));
  const open = accounts.open.bind(accounts);
  accounts.open = (name) => (name === 'mara' ? open(name) : Promise.reject(new Error('file is not a database')));
  const problems = await checkStore({ accounts, blobs, databases, queueDatabase: databases.server });
  accounts.open = open;
  await account.db.write((tx) => tx.run(sql`UPDATE mailbox SET total = 0 WHERE account = 1 AND name = 'INBOX'`));
  assert.deepEqual(
    problems.map(({ account: name, kind, text }) => `${name} ${kind}: ${text}`),
    [
      'mara counter: mailbox INBOX says messages 5, a recount gives 0',
      'zoe account: cannot be opened: file is not a database',
    ],
  );
  assert.match(problems[1]?.remedy ?? '', /docs\/admin\/check\.md/);
});

async function* chunks(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(3);
}

/** Packed flags of one message that are cut off, and of a message with another UID than those that are there. */
const tornBlock = Uint8Array.of(1, 0);
const otherMessages = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 3, 1, 0, 0);

for (const [sql_, want] of [
  [sql`UPDATE flag_block SET last_uid = 1`, 'flags: mailbox INBOX: flag block 0 goes beyond its last UID'],
  [
    sql`UPDATE message SET uid = 9 WHERE uid = 2`,
    'flags: mailbox INBOX: flag block 0 has other messages than its rows',
  ],
  [
    sql`UPDATE flag_block SET last_uid = 255, data = ${otherMessages}`,
    'flags: mailbox INBOX: flag block 0 has other messages than its rows',
  ],
  [
    sql`UPDATE flag_block SET data = ${tornBlock}`,
    'flags: mailbox INBOX cannot be opened: the flags of UIDs 1 to 255 are damaged',
  ],
] as const) {
  test(`checkAccount finds that ${want}`, async () => {
    await using store = await tempStore();
    const { messages, mailboxes, db } = store.account;
    await messages.append({ name: 'INBOX' }, [newMessage(['Subject: a']), newMessage(['Subject: b'])]);
    const inbox = (await mailboxes.byName('INBOX'))?.id;
    assert.ok(inbox);
    await messages.store(inbox, [1, 2], { mode: 'add', bits: 4, keywords: [] });
    const before = await db.read((reader) => reader.arrays(sql`SELECT last_uid, sets, data FROM flag_block`));
    await db.write((tx) => tx.run(sql_));
    const found = (await checkAccount(store.account)).map(({ kind, text }) => `${kind}: ${text}`);
    assert.ok(found.includes(want), found.join('; '));
    const [lastUid = 0, sets = '', data = null] = before[0] ?? [];
    await db.write(async (tx) => {
      await tx.run(sql`UPDATE flag_block SET last_uid = ${lastUid}, sets = ${sets}, data = ${data}`);
      await tx.run(sql`UPDATE message SET uid = 2 WHERE uid = 9`);
    });
  });
}

for (const [what, damage, resetUids] of [
  ['cannot be read', sql`UPDATE flag_block SET data = ${tornBlock} WHERE id % 16777216 = 1`, 'all'],
  ['is gone', sql`DELETE FROM flag_block WHERE id % 16777216 = 1`, 'all'],
  ['lacks messages', sql`UPDATE flag_block SET data = ${otherMessages} WHERE id % 16777216 = 1`, 'all but one'],
] as const) {
  test(`repairFlags: a block that ${what} is made anew, the others stay, and clients see the change`, async () => {
    await using store = await tempStore();
    const { account } = store;
    const { messages, mailboxes, db, images } = account;
    const some = Array.from({ length: 600 }, () => newMessage([], { keywords: ['$came'] }));
    await messages.append({ name: 'INBOX' }, some);
    const inbox = await mailboxes.byName('INBOX');
    assert.ok(inbox);
    const uids = Array.from({ length: 600 }, (_, i) => i + 1);
    await messages.store(inbox.id, uids, { mode: 'add', bits: SystemFlag.Seen, keywords: [] });
    await db.write((tx) => tx.run(damage));
    const before = await checkAccount(account);
    assert.ok(
      before.some(({ kind, remedy }) => kind === 'flags' && remedy?.includes('--repair')),
      JSON.stringify(before),
    );
    if (what === 'cannot be read')
      await assert.rejects(images.open(inbox.id), { name: 'FlagsDamaged', kind: 'damaged' });
    const repaired = await repairFlags(account);
    const resetMessages = resetUids === 'all' ? 256 : 255;
    assert.deepEqual(repaired, [{ mailbox: 'INBOX', firstUid: 256, lastUid: 511, resetMessages }]);
    await fixAccount(account, store.sweeper);
    assert.deepEqual(await checkAccount(account), []);
    assert.deepEqual(await repairFlags(account), []);
    assert.equal((await mailboxes.byName('INBOX'))?.unseen, resetMessages);
    using image = await images.open(inbox.id);
    assert.ok(image);
  });
}

test('checkStore: one cause that keeps many parts of an account from being read is one problem, with its remedy', async () => {
  await using store = await tempStore();
  const { accounts, account, blobs } = store;
  await account.messages.append({ name: 'INBOX' }, [newMessage(['Subject: a'])]);
  const replaced = new ConditionError('fileReplaced', 'account.db');
  const read = account.db.read.bind(account.db);
  account.db.read = () => Promise.reject(replaced);
  const problems = await checkStore({ accounts, blobs, databases: { integrity: () => Promise.reject(replaced) } });
  account.db.read = read;
  assert.deepEqual(
    problems.map(({ account: name, kind, text, isLoss }) => [name, kind, text.replace(/:.*/, ''), isLoss]),
    [
      [account.name, 'database', `accounts/${account.id}/account.db could not be checked`, true],
      [null, 'database', 'server.db could not be checked', true],
    ],
  );
  for (const { remedy } of problems) assert.match(remedy ?? '', /put the file back/);
});
