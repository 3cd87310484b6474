import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '#ports/database';
import { newMessage, tempStore } from '#testing/temp-store';
import { AccountRefusal, AccountRemoved } from './index.ts';

test('Accounts are opened once, by names in any case', async () => {
  await using store = await tempStore();
  const { accounts, account } = store;
  assert.equal(await accounts.open('MARA'), account);
  assert.equal(await accounts.open('nobody'), null);
  assert.equal(await accounts.open('a/b'), null);
  await assert.rejects(accounts.create('Mara'), AccountRefusal);
  for (const name of ['', 'a b', 'a/b', '\u0000', 'x'.repeat(300)])
    await assert.rejects(accounts.create(name), AccountRefusal);
  assert.deepEqual(
    (await accounts.list()).map(({ name }) => name),
    ['mara'],
  );
});

test('Accounts.remove takes everything, and a new account of that name begins anew', async () => {
  await using store = await tempStore();
  const { accounts, account, blobs, clock } = store;
  await account.messages.append({ name: 'INBOX' }, [newMessage([])]);
  const before = await account.mailboxes.byName('INBOX');
  await accounts.remove('mara');
  await assert.rejects(accounts.remove('mara'), AccountRefusal);
  assert.equal(await accounts.open('mara'), null);
  await clock.advance(60_000);
  const again = await accounts.create('mara');
  const after = await again.mailboxes.byName('INBOX');
  assert.notEqual(again.id, account.id);
  assert.equal(after?.messages, 0);
  assert.ok((after?.uidValidity ?? 0) > (before?.uidValidity ?? 0));
  for await (const owner of blobs.owners()) assert.notEqual(owner, account.id);
});

test('Accounts.remove tells whoever has the account open, and nothing of it is made again', async () => {
  await using store = await tempStore();
  const { accounts, account, blobs, sweeper } = store;
  const inbox = await account.mailboxes.byName('INBOX');
  const lease = inbox === null ? null : await account.images.open(inbox.id);
  assert.equal(account.removed.aborted, false);
  const opening = accounts.open('mara');
  const [removed, late] = await Promise.allSettled([
    accounts.remove('mara'),
    account.messages.append({ name: 'INBOX' }, [newMessage([])]),
    accounts.open('MARA'),
  ]);
  assert.equal(removed.status, 'fulfilled');
  if (late.status === 'rejected') assert.ok(late.reason instanceof AccountRemoved, String(late.reason));
  assert.equal(await opening, account);
  assert.ok(account.removed.reason instanceof AccountRemoved);
  await assert.rejects(account.mailboxes.list(), AccountRemoved);
  await assert.rejects(lease?.refresh() ?? Promise.resolve(), AccountRemoved);
  lease?.[Symbol.dispose]();
  assert.equal(await accounts.open('mara'), null);
  // A large message that was on its way in.
  await blobs.put(account.id, chunks());
  assert.equal(await accounts.collectOrphans(sweeper), 1);
  for await (const owner of blobs.owners()) assert.notEqual(owner, account.id);
});

async function* chunks(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(3);
}

test('Accounts.finishRemovals ends what a crash cut short', async () => {
  await using store = await tempStore();
  const { accounts, databases } = store;
  await accounts.create('other');
  await databases.server.write((tx) => tx.run(sql`UPDATE account SET state = 'removing' WHERE name = 'other'`));
  await accounts.finishRemovals();
  const rows = await databases.server.read((reader) => reader.all<{ name: string }>(sql`SELECT name FROM account`));
  assert.deepEqual(
    rows.map(({ name }) => name),
    ['mara'],
  );
});
