import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { test } from 'node:test';
import { accountId } from '#lib/ids';
import { checkStore } from '#mail/check';
import type { BlobStore } from '#ports/blobs';
import { sql } from '#ports/database';
import { writeOldStore } from '#testing/old-store';
import { inStoreFolder, type FolderStore } from '#testing/store-folder';
import { tempDir } from '#testing/temp-dir';
import { newMessage } from '#testing/temp-store';
import { AccountRefusal, AccountUnavailable, type Account } from './index.ts';

const dayMs = 24 * 60 * 60_000;

async function* bytes(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(70_000);
}

/** Accounts with one small message whose subject is the account's name, and one in a blob. */
async function makeAccounts(directory: string, names: readonly string[]): Promise<void> {
  await inStoreFolder(directory, async ({ accounts, blobs }) => {
    for (const name of names) {
      const account = await accounts.create(name);
      const body = {
        kind: 'blob',
        ...(await blobs.put(account.id, bytes())),
        crc32: crc32(new Uint8Array(70_000)),
        account: account.id,
      } as const;
      await account.messages.append({ name: 'INBOX' }, [newMessage([`Subject: ${name}`]), newMessage([], { body })]);
    }
  });
}

async function subjectIn(account: Account | null): Promise<string> {
  const inbox = await account?.mailboxes.byName('INBOX');
  assert.ok(account && inbox);
  const [first] = await account.reader.contents(inbox.id, [1], 'all');
  return new TextDecoder().decode((await first?.content.bytes(0, 1000)) ?? new Uint8Array()).split('\r\n')[0] ?? '';
}

function refusedAs(reason: AccountUnavailable['reason'], words: RegExp): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof AccountUnavailable, String(error));
    assert.equal(error.reason, reason);
    assert.match(error.message, words);
    return true;
  };
}

function removeServerDatabase(directory: string): void {
  for (const name of ['server.db', 'server.db-wal', 'server.db-shm']) rmSync(join(directory, name), { force: true });
}

async function blobsOf(blobs: BlobStore, id: number): Promise<number> {
  return (await Array.fromAsync(blobs.list(accountId(id)))).length;
}

/** Looks for garbage as often as a month of sweeps does. */
async function sweep({ accounts, sweeper, clock }: FolderStore): Promise<void> {
  for (let day = 0; day < 5; day += 1) {
    await accounts.collectOrphans(sweeper);
    await accounts.sweepBlobs(sweeper);
    await clock.advance(5 * dayMs);
  }
}

test('Accounts: without server.db no account gets the mail of another, and adopting finds the right folder', async () => {
  await using dir = await tempDir();
  await makeAccounts(dir.path, ['alice', 'bob']);
  removeServerDatabase(dir.path);
  await inStoreFolder(dir.path, async (store) => {
    const { accounts, blobs } = store;
    // In the other order, so that ids alone would swap the two.
    for (const name of ['bob', 'alice']) {
      const folder = name === 'alice' ? 1 : 2;
      const words = new RegExp(`accounts/${folder} holds mail of an account ${name}; .*godwit account adopt ${name}`);
      await assert.rejects(accounts.create(name), refusedAs('unclaimed', words));
      await assert.rejects(accounts.open(name), refusedAs('unclaimed', words));
    }
    assert.equal((await accounts.create('carol')).id, 3);
    const problems = await checkStore({ accounts, blobs });
    const refused = await checkStore({ accounts, blobs, configured: ['alice', 'carol'] });
    assert.deepEqual(
      refused.map(({ account, isLoss, remedy }) => [account, isLoss, remedy?.replace(/^.* take/, 'take')]),
      [
        ['alice', true, 'take the mail over with "godwit account adopt alice"'],
        ['bob', false, 'see docs/admin/check.md, "An account that is refused"'],
      ],
    );
    assert.deepEqual(
      problems.map(({ account, text }) => `${account}: ${text}`),
      [
        'alice: accounts/1 belongs to no account that the server knows; it says that it is of the account alice',
        'bob: accounts/2 belongs to no account that the server knows; it says that it is of the account bob',
      ],
    );
    await sweep(store);
    assert.deepEqual([await blobsOf(blobs, 1), await blobsOf(blobs, 2)], [1, 1]);
    for (const name of ['bob', 'alice']) {
      const account = await accounts.adopt(name, null);
      assert.equal(await subjectIn(account), `Subject: ${name}`);
      assert.equal(account.id, name === 'alice' ? 1 : 2);
    }
    await assert.rejects(accounts.adopt('alice', null), AccountRefusal);
  });
  await inStoreFolder(dir.path, async ({ accounts, log }) => {
    assert.equal(await subjectIn(await accounts.open('alice')), 'Subject: alice');
    assert.deepEqual(log.ofLevel('error'), []);
  });
});

test('Accounts: two folders that were swapped are refused, and served again when they are back', async () => {
  await using dir = await tempDir();
  await makeAccounts(dir.path, ['alice', 'bob']);
  const [one, two, aside] = ['accounts/1', 'accounts/2', 'aside'].map((name) => join(dir.path, name));
  assert.ok(one && two && aside);
  const swap = (): void => {
    renameSync(one, aside);
    renameSync(two, one);
    renameSync(aside, two);
  };
  swap();
  await inStoreFolder(dir.path, async ({ accounts, blobs }) => {
    await assert.rejects(
      accounts.open('alice'),
      refusedAs('foreign', /accounts\/1\/account\.db.*belongs to account bob/),
    );
    await assert.rejects(accounts.open('bob'), refusedAs('foreign', /belongs to account alice \(accounts\/1\)/));
    // Rows of one id in the folder of another are never taken over: they would not be found.
    await assert.rejects(accounts.adopt('alice', null), /put it into accounts\/2/);
    const found = await checkStore({ accounts, blobs });
    assert.deepEqual(
      found.map(({ account, kind, isLoss }) => `${account} ${kind} ${isLoss}`),
      ['alice account true', 'bob account true'],
    );
    const putBack =
      /^stop the server and put the folders back: what is in accounts\/1 belongs into accounts\/2, and blobs\/1 into blobs\/2 if they were moved together; or /;
    assert.match(found[0]?.remedy ?? '', putBack);
  });
  swap();
  await inStoreFolder(dir.path, async ({ accounts }) => {
    assert.equal(await subjectIn(await accounts.open('alice')), 'Subject: alice');
    assert.equal(await subjectIn(await accounts.open('bob')), 'Subject: bob');
  });
});

for (const [what, damage, words] of [
  ['missing', (path: string) => rmSync(path, { recursive: true }), /account\.db is missing.*recreate bob/],
  [
    'empty',
    (path: string) => {
      truncateSync(join(path, 'account.db'));
    },
    /account\.db is empty/,
  ],
] as const) {
  test(`Accounts: an account whose database is ${what} is refused, and starts afresh on command only`, async () => {
    await using dir = await tempDir();
    await makeAccounts(dir.path, ['alice', 'bob']);
    await inStoreFolder(dir.path, async ({ databases }) => {
      await databases.server.write((tx) =>
        tx.run(
          sql`INSERT INTO credential (account, changed_ms, password_hash, scram_sha1, scram_sha256) VALUES (2, 0, 'h', '', '')`,
        ),
      );
    });
    const folder = join(dir.path, 'accounts', '2');
    damage(folder);
    const there = existsSync(folder);
    await inStoreFolder(dir.path, async (store) => {
      const { accounts, blobs, databases, log } = store;
      await accounts.findMissing();
      assert.ok(
        log.events.some(({ fields, cause }) => fields['account'] === 'bob' && cause instanceof AccountUnavailable),
      );
      for (let i = 0; i < 2; i += 1) await assert.rejects(accounts.open('bob'), refusedAs('missing', words));
      assert.equal(existsSync(folder), there);
      assert.equal(await subjectIn(await accounts.open('alice')), 'Subject: alice');
      await sweep(store);
      assert.equal(await blobsOf(blobs, 2), 1);
      const bob = await accounts.recreate('bob');
      assert.equal(bob.id, 3);
      assert.equal((await bob.mailboxes.byName('INBOX'))?.messages, 0);
      const rows = await databases.server.read((reader) =>
        reader.arrays(sql`SELECT account, password_hash FROM credential`),
      );
      assert.deepEqual(rows, [[3, 'h']]);
      await sweep(store);
      assert.equal(await blobsOf(blobs, 2), 1);
      await assert.rejects(accounts.recreate('bob'), AccountRefusal);
    });
  });
}

test('Accounts: a folder of another server is refused, and its blobs stay when it is taken over', async () => {
  await using ours = await tempDir();
  await using theirs = await tempDir();
  await makeAccounts(ours.path, ['alice']);
  await makeAccounts(theirs.path, ['alice']);
  for (const folder of ['accounts/1', 'blobs/1']) {
    rmSync(join(ours.path, folder), { recursive: true });
    cpSync(join(theirs.path, folder), join(ours.path, folder), { recursive: true });
  }
  await inStoreFolder(ours.path, async (store) => {
    const { accounts, blobs } = store;
    await assert.rejects(accounts.open('alice'), refusedAs('foreign', /alice of another server/));
    // Mail that came after the backup, say.
    await blobs.put(accountId(1), bytes());
    const account = await accounts.adopt('alice', null);
    assert.equal(await subjectIn(account), 'Subject: alice');
    await sweep(store);
    assert.equal(await blobsOf(blobs, 1), 2);
  });
  await inStoreFolder(ours.path, sweep, { laterMs: 60 * dayMs });
  await inStoreFolder(ours.path, async ({ blobs }) => assert.equal(await blobsOf(blobs, 1), 1), {
    laterMs: 100 * dayMs,
  });
});

test('Accounts: data from before there were identities gets its own once', async () => {
  await using dir = await tempDir();
  writeOldStore(dir.path);
  await inStoreFolder(dir.path, async ({ accounts, databases }) => {
    const account = await accounts.open('mara');
    assert.equal((await account?.mailboxes.byName('INBOX'))?.messages, 2);
    const [[state]] = (await databases.server.read((reader) => reader.arrays(sql`SELECT state FROM account`))) as [
      [string],
    ];
    assert.equal(state, 'bound');
    const rows = await account?.db.read((reader) =>
      reader.arrays(sql`SELECT account, length(server), name, adopted_ms FROM account_identity`),
    );
    assert.deepEqual(rows, [[1, 32, 'mara', null]]);
    await account?.db.write((tx) => tx.run(sql`DELETE FROM account_identity`));
  });
  await inStoreFolder(dir.path, async ({ accounts }) => {
    await assert.rejects(accounts.open('mara'), refusedAs('foreign', /does not say whose mail it holds/));
    assert.equal((await (await accounts.adopt('mara', null)).mailboxes.byName('INBOX'))?.messages, 2);
  });
});

test('Accounts: data from before there were identities, without its server.db, stands in the way of new accounts', async () => {
  await using dir = await tempDir();
  writeOldStore(dir.path);
  removeServerDatabase(dir.path);
  await inStoreFolder(dir.path, async ({ accounts }) => {
    await assert.rejects(accounts.create('mara'), refusedAs('unclaimed', /not known.*--folder 1/));
    assert.equal((await accounts.create('zoe', 'asked')).id, 2);
    await assert.rejects(accounts.adopt('mara', null), AccountRefusal);
    await assert.rejects(accounts.adopt('mara', accountId(7)), AccountRefusal);
    const mara = await accounts.adopt('mara', accountId(1));
    assert.equal((await mara.mailboxes.byName('INBOX'))?.messages, 2);
  });
});

test('Accounts.create goes on where a crash ended it, and never takes what is there', async () => {
  await using dir = await tempDir();
  await makeAccounts(dir.path, ['alice']);
  await inStoreFolder(dir.path, async ({ accounts, databases }) => {
    const add = (name: string): Promise<number> =>
      databases.server.write((tx) =>
        tx.run(sql`INSERT INTO account (name, state, created_ms) VALUES (${name}, 'new', 0)`),
      );
    await add('bob');
    assert.equal((await (await accounts.open('bob'))?.mailboxes.byName('INBOX'))?.messages, 0);
    await databases.server.write((tx) => tx.run(sql`DELETE FROM account WHERE name = 'alice'`));
    await databases.server.write((tx) =>
      tx.run(sql`INSERT INTO account (id, name, state, created_ms) VALUES (1, 'eve', 'new', 0)`),
    );
    await assert.rejects(accounts.open('eve'), refusedAs('foreign', /belongs to account alice/));
  });
});

test('Accounts.create takes no id that has data: an older server.db was restored', async () => {
  await using dir = await tempDir();
  await makeAccounts(dir.path, ['alice', 'bob', 'carol']);
  await inStoreFolder(dir.path, async ({ databases }) => {
    await databases.server.write(async (tx) => {
      await tx.run(sql`DELETE FROM account WHERE name <> 'alice'`);
      await tx.run(sql`UPDATE sqlite_sequence SET seq = 1`);
    });
  });
  rmSync(join(dir.path, 'accounts', '3'), { recursive: true });
  await inStoreFolder(dir.path, async ({ accounts, blobs }) => {
    assert.equal((await accounts.create('dave')).id, 4);
    await assert.rejects(accounts.create('bob'), refusedAs('unclaimed', /accounts\/2/));
    assert.equal(await blobsOf(blobs, 3), 1);
  });
});

test('Accounts.collectOrphans touches nothing where rows miss their blobs', async () => {
  await using dir = await tempDir();
  await makeAccounts(dir.path, ['alice', 'bob']);
  renameSync(join(dir.path, 'blobs', '1'), join(dir.path, 'aside'));
  renameSync(join(dir.path, 'blobs', '2'), join(dir.path, 'blobs', '1'));
  renameSync(join(dir.path, 'aside'), join(dir.path, 'blobs', '2'));
  await inStoreFolder(
    dir.path,
    async (store) => {
      await sweep(store);
      assert.deepEqual([await blobsOf(store.blobs, 1), await blobsOf(store.blobs, 2)], [1, 1]);
      assert.ok(store.log.events.some(({ event }) => event === 'blob.orphansKept'));
    },
    { laterMs: 100 * dayMs },
  );
});

test('Accounts.findForeign: swapped folders are found right after the start, without opening the others', async () => {
  await using dir = await tempDir();
  await makeAccounts(dir.path, ['alice', 'bob', 'carol']);
  const [one, two, aside] = ['accounts/1', 'accounts/2', 'aside'].map((name) => join(dir.path, name));
  assert.ok(one && two && aside);
  const { signal } = new AbortController();
  await inStoreFolder(dir.path, async ({ accounts, log }) => {
    await accounts.findForeign(signal);
    assert.deepEqual(log.ofLevel('error'), []);
  });
  renameSync(one, aside);
  renameSync(two, one);
  renameSync(aside, two);
  await inStoreFolder(dir.path, async ({ accounts, log }) => {
    await accounts.findForeign(signal);
    const refused = log.events.filter(({ event }) => event === 'account.openFailed');
    assert.deepEqual(
      refused.map(({ fields }) => fields?.['account']),
      ['alice', 'bob'],
    );
    // Those in use are left out: opening has compared them.
    assert.equal(await subjectIn(await accounts.open('carol')), 'Subject: carol');
    await accounts.findForeign(signal);
    await accounts.findForeign(AbortSignal.abort());
    assert.equal(log.events.filter(({ event }) => event === 'account.openFailed').length, 2);
  });
});

for (const [how, damage] of [
  ['no database any more', (path: string) => writeFileSync(path, 'x'.repeat(20_000))],
  ['without its first pages', (path: string) => writeFileSync(path, readFileSync(path).fill(0xff, 100, 20_000))],
] as const) {
  test(`checkStore: with a server.db that is ${how}, accounts are found by their folders and checked`, async () => {
    await using dir = await tempDir();
    await makeAccounts(dir.path, ['alice', 'bob']);
    const blob = readdirSync(join(dir.path, 'blobs', '2'), { recursive: true, encoding: 'utf8' }).find(
      (name) => name.length > 30,
    );
    assert.ok(blob !== undefined);
    writeFileSync(join(dir.path, 'blobs', '2', blob), new Uint8Array(70_000).fill(1));
    damage(join(dir.path, 'server.db'));
    await assert.rejects(
      inStoreFolder(dir.path, async ({ accounts }) => accounts.list()),
      { name: 'ConditionError' },
    );
    const check = async ({ accounts, blobs, databases }: FolderStore): Promise<void> => {
      const problems = await checkStore({ accounts, blobs, databases, queueDatabase: databases.server });
      const ofServer = problems.filter(({ account }) => account === null);
      assert.match(ofServer.map(({ text }) => text).join('\n'), /server\.db cannot be read: .*server\.db/);
      assert.ok(ofServer.every(({ remedy, isLoss }) => isLoss && remedy?.includes('"A damaged server.db"')));
      const others = problems
        .filter(({ account }) => account !== null)
        .map(({ account, kind }) => `${account} ${kind}`);
      assert.deepEqual(others, ['bob blob']);
    };
    await inStoreFolder(dir.path, check, { toleratesDamage: true });
  });
}
