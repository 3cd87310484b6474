import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '#ports/database';
import { newMessage, tempStore } from '#testing/temp-store';
import { AccountRefusal } from './index.ts';

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
