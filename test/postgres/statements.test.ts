/** Statements that the other tests run only where each account has a file of its own, or at times that they reach on SQLite. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { sql } from '#ports/database';
import { QueueWorld } from '#testing/queue-world';
import { newMessage, tempStore } from '#testing/temp-store';

test('Accounts.recreate gives an account that lost its data a new id, which no other account gets', async () => {
  await using store = await tempStore();
  const { accounts, account, databases } = store;
  await account.messages.append({ name: 'INBOX' }, [newMessage([])]);
  await databases.server.write((tx) =>
    tx.run(
      sql`INSERT INTO suppression (account, address, source, reason, created_ms) VALUES (1, 'a@far.example', 'x', 'x', 0)`,
    ),
  );
  assert.deepEqual(await accounts.boundAfter(0, 10), [account.id]);
  await account.db.write((tx) => tx.run(sql`UPDATE account_identity SET server = 'another' WHERE account = 1`));
  await assert.rejects(
    accounts.recreate('mara').then(() => accounts.recreate('mara')),
    /is in order/,
  );
  const fresh = await accounts.open('mara');
  assert.ok(fresh !== null && fresh.id > account.id);
  assert.equal((await fresh.mailboxes.byName('INBOX'))?.messages, 0);
  const next = await accounts.create('zoe');
  assert.ok(next.id > fresh.id);
  const rows = await databases.server.read((reader) => reader.arrays(sql`SELECT account FROM suppression`));
  assert.deepEqual(rows, [[fresh.id]]);
  await databases.drop(account.id);
});

test('Queue.find and the sweep of blobs without a row', async () => {
  await using world = new QueueWorld();
  const id = await world.send(['a@one.example', 'b@one.example']);
  assert.deepEqual(await world.queue.find([{ message: id, number: null }]), [1, 2]);
  assert.deepEqual(await world.queue.find([{ message: id, number: 2 }]), [2]);
  await world.blobs.put('queue', Readable.from([new Uint8Array(9)]));
  await world.clock.advance(30 * 24 * 60 * 60_000);
  assert.equal((await world.sweeper().sweep()).blobs, 1);
  assert.equal(world.blobs.size, 0);
});
