import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directHash } from '#testing/direct-hash';
import { SystemFlag } from '#lib/flags';
import { Credentials, CredentialChecker } from '#mail/auth';
import { systemRandom } from '#host/random';
import { sql, type Database, type Reader, type Sql, type Tx } from '#ports/database';
import { newMessage, tempStore } from '#testing/temp-store';

/** Full scans that are meant: lists of everything in small tables. */
const allowedScans = [/^SELECT id, name, state, created_ms AS "createdMs" FROM account ORDER BY name$/];

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
  for (const { text, values } of seen.values()) {
    if (allowedScans.some((allowed) => allowed.test(text.replace(/\s+/g, ' ').trim()))) continue;
    const explained = { text: `EXPLAIN QUERY PLAN ${text}`, values };
    const plan = await db.read((reader) => reader.all<{ detail: string }>(explained));
    for (const { detail } of plan) if (/^SCAN (?!CONSTANT)/.test(detail)) scans.push(`${detail}: ${text}`);
  }
  assert.deepEqual(scans, []);
}

test('statements of an account never scan a table', async () => {
  const seen = new Map<string, Sql>();
  await using store = await tempStore((db) => recording(db, seen));
  const { account, sweeper } = store;
  const { messages, mailboxes, reader, images, changes, outbox } = account;
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
  const everything = { envelope: true, body: true, bodyStructure: true, structure: true, sentDay: true };
  await reader.rows(inbox.id, run, everything);
  await reader.rows(inbox.id, [4], { ...everything, envelope: false });
  await reader.contents(inbox.id, run, 'all');
  await reader.contents(inbox.id, [4], 'header');
  await changes.since(0, 1);
  await changes.removedSince(inbox.id, 0);
  await outbox.due(0);
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
  const deps = { db, clock, random: systemRandom, hash: directHash, limits };
  const credentials = new Credentials(deps);
  await credentials.setPassword('mara', 'correct horse');
  await credentials.addClientKey('mara', new Uint8Array(32), 'mara', '');
  await credentials.clientKeys('mara');
  await credentials.removeClientKey(new Uint8Array(32));
  const checker = new CredentialChecker({ ...deps, directory: { accountOf: () => 'mara' } });
  await checker.identify('mara');
  await checker.scramKeys('nobody', 'SHA-1');
  await assertNoScans(store.databases.server, seen);
});

test('assertNoScans finds a scan', async () => {
  await using store = await tempStore();
  const scan = sql`SELECT 1 FROM email WHERE helo = ${'x'}`;
  await assert.rejects(assertNoScans(store.account.db, new Map([[scan.text, scan]])), /SCAN email/);
});
