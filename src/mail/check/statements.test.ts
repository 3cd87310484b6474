import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directHash } from '#testing/direct-hash';
import { SystemFlag } from '#lib/flags';
import { Credentials, WebSessions, CredentialChecker } from '#mail/auth';
import { systemRandom } from '#host/random';
import { sql, type Database, type Reader, type Sql, type Tx } from '#ports/database';
import { countingDatabase, FakeLoop } from '#testing/fake-loop';
import { planOf } from '#testing/query-plans';
import { isOnPostgres } from '#testing/store-databases';
import { newMessage, tempStore } from '#testing/temp-store';
import { checkAccount } from './index.ts';
import { checkQueue } from './check-queue.ts';

/** Full scans that are meant: lists of everything in small tables. */
const allowedScans = [
  /^SELECT account, server, name, adopted_ms AS "adoptedMs" FROM account_identity LIMIT 1$/,
  /^SELECT id, name, state, created_ms AS "createdMs" FROM account ORDER BY name$/,
];

/** A database that remembers each statement's text. */
function recording(db: Database, seen: Map<string, Sql>): Database {
  const note = <T extends Sql>(statement: T): T => {
    seen.set(statement.text, statement);
    return statement;
  };
  const reader = (inner: Reader): Reader => ({
    all: (statement) => inner.all(note(statement)),
    get: (statement) => inner.get(note(statement)),
    arrays: (statement) => inner.arrays(note(statement)),
  });
  return {
    dialect: db.dialect,
    read: (body) => db.read((inner) => body(reader(inner))),
    write: (body) =>
      db.write((tx) => {
        const wrapped: Tx = {
          ...reader(tx),
          run: (statement) => tx.run(note(statement)),
          afterCommit: (fn) => tx.afterCommit(fn),
        };
        return body(wrapped);
      }),
    durable: () => db.durable(),
    [Symbol.asyncDispose]: () => db[Symbol.asyncDispose](),
  };
}

async function assertNoScans(db: Database, seen: ReadonlyMap<string, Sql>): Promise<void> {
  const scans: string[] = [];
  for (const statement of seen.values()) {
    const text = statement.text.replace(/\s+/g, ' ').trim();
    if (allowedScans.some((allowed) => allowed.test(text))) continue;
    for (const detail of await planOf(db, statement))
      if (/^SCAN (?!CONSTANT|\(subquery)/.test(detail)) scans.push(`${detail}: ${text}`);
  }
  assert.deepEqual(scans, []);
}

/** Loops that read a whole table for each row of another one: a scan anywhere but in the outermost loop, and indexes made on the fly. */
async function assertLinear(db: Database, seen: ReadonlyMap<string, Sql>): Promise<void> {
  const bad: string[] = [];
  for (const { text, values } of seen.values()) {
    if (db.dialect !== 'sqlite') continue;
    const explained = { text: `EXPLAIN QUERY PLAN ${text}`, values };
    const plan = await db.read((reader) => reader.all<{ parent: number; detail: string }>(explained));
    const loops = plan.filter(({ detail }) => /^(SCAN (?!CONSTANT)|SEARCH)/.test(detail));
    for (const [i, { parent, detail }] of loops.entries()) {
      // An account's database has one account: what is found by it alone is the whole table.
      const isWhole = detail.startsWith('SCAN') || /\(account=\?\)/.test(detail);
      if (/AUTOMATIC/.test(detail) || (isWhole && (i > 0 || parent !== 0))) bad.push(`${detail}: ${text}`);
    }
  }
  assert.deepEqual(bad, []);
}

/** Statements that the check sends to a database, and the number of rows that it got. */
function counting(db: Database, steps: { count: number }): Database {
  const counted = async <T extends { readonly length: number }>(rows: Promise<T>): Promise<T> => {
    const result = await rows;
    steps.count += 1 + result.length;
    return result;
  };
  return {
    dialect: db.dialect,
    read: (body) =>
      db.read((inner) =>
        body({
          all: (statement) => counted(inner.all(statement)),
          get: (statement) => inner.get(statement),
          arrays: (statement) => counted(inner.arrays(statement)),
        }),
      ),
    write: (body) => db.write(body),
    durable: () => db.durable(),
    [Symbol.asyncDispose]: () => db[Symbol.asyncDispose](),
  };
}

test('statements of the check read no table once for each row of another', async () => {
  const seen = new Map<string, Sql>();
  await using store = await tempStore((db) => recording(db, seen));
  const { account, databases, blobs } = store;
  await account.messages.append({ name: 'INBOX' }, [newMessage(['Subject: a']), newMessage([])]);
  const inbox = await account.mailboxes.byName('INBOX');
  assert.ok(inbox);
  await account.messages.copy(inbox.id, [1], { name: 'Archive' });
  await account.messages.remove(inbox.id, [2]);
  await account.db.write((tx) => tx.run(sql`UPDATE content SET crc32 = crc32 + 1`));
  await account.db.write((tx) => tx.run(sql`UPDATE shared_email SET copies = copies + 1`));
  const orphan = await blobs.put(
    account.id,
    (async function* () {
      yield new Uint8Array(1);
    })(),
  );
  seen.clear();
  const problems = await checkAccount(account);
  const asked = new Map(seen);
  await account.db.write((tx) => tx.run(sql`UPDATE content SET crc32 = crc32 - 1`));
  await account.db.write((tx) => tx.run(sql`UPDATE shared_email SET copies = copies - 1`));
  await blobs.remove(account.id, orphan.id);
  assert.deepEqual(problems.map(({ kind }) => kind).toSorted(), ['orphan', 'reference', 'size']);
  assert.ok(asked.size > 10);
  await assertLinear(account.db, asked);
  await assertNoScans(account.db, asked);
  const queue = new Map<string, Sql>();
  await checkQueue(recording(databases.server, queue), blobs);
  assert.ok(queue.size > 5);
  await assertLinear(databases.server, queue);
});

test('checkAccount takes steps in proportion to the messages', async () => {
  const steps = { count: 0 };
  await using store = await tempStore((db) => counting(db, steps));
  const { account } = store;
  const taken: number[] = [];
  for (const messages of [600, 600, 1200]) {
    await account.messages.append(
      { name: 'INBOX' },
      Array.from({ length: messages }, (_, i) => newMessage([`Subject: ${i}`])),
    );
    steps.count = 0;
    assert.deepEqual(await checkAccount(account), []);
    taken.push(steps.count);
  }
  const [of600 = 0, of1200 = 0, of2400 = 0] = taken;
  assert.ok(of600 > 1800, String(taken));
  assert.ok(of1200 < of600 * 2.05 && of2400 < of1200 * 2.05, String(taken));
});

test('checkAccount lets others go on after each piece', async () => {
  const loop = new FakeLoop();
  await using store = await tempStore((db) => countingDatabase(db, loop));
  const messages = Array.from({ length: 500 }, (_, i) => newMessage([`Subject: ${i}`]));
  for (let i = 0; i < 3; i += 1) await store.account.messages.append({ name: 'INBOX' }, messages);
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  loop.longest = 0;
  assert.deepEqual(await checkAccount(store.account, loop), []);
  assert.ok(loop.longest > 100 && loop.longest <= 600, `${loop.longest} rows without a pause`);
});

test('assertLinear finds a join without an index, and a scan for each row', { skip: isOnPostgres }, async () => {
  await using store = await tempStore();
  for (const statement of [
    sql`SELECT e.id FROM email AS e LEFT JOIN message AS m ON m.account = e.account AND m.email = e.id WHERE e.account = 1`,
    sql`SELECT id FROM email AS e WHERE EXISTS (SELECT 1 FROM email AS o WHERE o.helo = e.helo)`,
  ]) {
    await assert.rejects(assertLinear(store.account.db, new Map([[statement.text, statement]])), /AUTOMATIC|SEARCH m/);
  }
});

test('statements of an account never scan a table', async () => {
  const seen = new Map<string, Sql>();
  await using store = await tempStore((db) => recording(db, seen));
  const { account, sweeper } = store;
  const { messages, mailboxes, reader, images, changes } = account;
  const header = ['Subject: Re: a', 'Message-ID: <1@x>', 'References: <0@x>'];
  await messages.append({ name: 'INBOX' }, [newMessage(header), newMessage(header), newMessage(header)]);
  const inbox = await mailboxes.byName('INBOX');
  assert.ok(inbox);
  await messages.append({ id: inbox.id }, [newMessage([])]);
  using lease = await images.open(inbox.id);
  const run = Array.from({ length: 40 }, (_, i) => i + 1);
  await messages.store(inbox.id, [1, 3], { mode: 'add', bits: SystemFlag.Deleted, keywords: [] });
  await messages.store(inbox.id, run, { mode: 'add', bits: SystemFlag.Seen, keywords: [] });
  await lease?.refresh();
  await messages.copy(inbox.id, run, { name: 'Archive' });
  await messages.move(inbox.id, [2], { name: 'Trash' });
  await messages.expunge(inbox.id, [1, 2]);
  await messages.expunge(inbox.id, null);
  await messages.eraseExpunged();
  await messages.hasMessageId('1@x');
  const everything = { description: true, oldListed: true, oldTexts: true, sentDay: true };
  await reader.rows(inbox.id, run, everything);
  await reader.rows(inbox.id, [4], { ...everything, oldTexts: false });
  await reader.contents(inbox.id, run, 'all');
  await reader.contents(inbox.id, [4], 'header');
  const blocks = { facts: true, order: true, fields: [10, 11], isComplete: true };
  const many = Array.from({ length: 140 }, () => newMessage(header));
  await messages.append({ name: 'Archive' }, many);
  const archive = await mailboxes.byName('Archive');
  assert.ok(archive);
  using archiveLease = await images.open(archive.id);
  const uids = archiveLease?.image.uids ?? new Uint32Array(0);
  for await (const _block of account.headers.blocks(archive.id, uids, uids, blocks));
  for await (const _block of account.headers.blocks(archive.id, uids, uids, blocks));
  await changes.since(0, 1);
  await changes.removedSince(inbox.id, 0);
  await mailboxes.create('a/b', []);
  await mailboxes.rename('a', 'c');
  await mailboxes.delete('c/b');
  await mailboxes.setSpecialUse('c', ['\\Junk']);
  await mailboxes.subscribe('c', false);
  await mailboxes.list();
  await sweeper.sweepAccount(account.id, account.db);
  await sweeper.collectOrphans(account.id, account.db);
  assert.ok(seen.size > 40);
  await assertNoScans(account.db, new Map(seen));
});

test('statements of the server never scan a table', async () => {
  await using store = await tempStore();
  const seen = new Map<string, Sql>();
  const db = recording(store.databases.server, seen);
  const { clock } = store;
  const limits = { argon2MemoryKiB: 64, argon2Passes: 1, scramIterations: 10 };
  const bus = { publish: () => undefined };
  const deps = { db, bus, clock, random: systemRandom, hash: directHash, limits };
  const credentials = new Credentials(deps);
  await credentials.setPassword('mara', 'correct horse');
  await credentials.addClientKey('mara', new Uint8Array(32), 'mara', '');
  await credentials.clientKeys('mara');
  await credentials.removeClientKey(new Uint8Array(32));
  const checker = new CredentialChecker({ ...deps, directory: { accountOf: () => 'mara' } });
  await checker.identify('mara');
  await checker.checkToken('x');
  const sessions = new WebSessions({ ...deps, log: store.log });
  await credentials.setPassword('mara', 'correct horse');
  const identity = await checker.checkPassword('mara', 'correct horse');
  const begun = identity === null ? null : await sessions.begin(identity, '', '192.0.2.1');
  const session = begun ?? assert.fail();
  await clock.advance(60_000);
  await sessions.check(session.token, '192.0.2.1');
  await sessions.list('mara');
  await sessions.end('mara', session.id);
  await sessions.endAll('mara');
  await checker.scramKeys('nobody', 'SHA-1');
  await assertNoScans(store.databases.server, seen);
});

test('assertNoScans finds a scan', { skip: isOnPostgres }, async () => {
  await using store = await tempStore();
  const scan = sql`SELECT 1 FROM email WHERE helo = ${'x'}`;
  await assert.rejects(assertNoScans(store.account.db, new Map([[scan.text, scan]])), /SCAN email/);
});
