/** Statements that the other tests run only where each account has a file of its own, or at times that they reach on SQLite. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { accountId, queueId } from '#lib/ids';
import { parseConfigFiles } from '#mail/config';
import { defaultSettings } from '#mail/queue';
import { routingTable } from '#mail/routes';
import { Stories } from '#mail/story';
import { sql } from '#ports/database';
import { deferred, QueueWorld } from '#testing/queue-world';
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
  // Data that no account claims, under a number that the next id must pass over.
  const stray = await databases.account(accountId(9));
  await stray.write((tx) =>
    tx.run(sql`INSERT INTO account_identity (account, server, name) VALUES (9, 'another', 'ann')`),
  );
  await assert.rejects(
    accounts.recreate('mara').then(() => accounts.recreate('mara')),
    /is in order/,
  );
  const fresh = await accounts.open('mara');
  assert.equal(fresh?.id, 10);
  assert.equal((await fresh.mailboxes.byName('INBOX'))?.messages, 0);
  const next = await accounts.create('zoe');
  assert.equal(next.id, 11);
  const rows = await databases.server.read((reader) => reader.arrays(sql`SELECT account FROM suppression`));
  assert.deepEqual(rows, [[fresh.id]]);
  await databases.drop(account.id);
  await databases.drop(accountId(9));
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

test('QueueRunner: a recipient that is leased in a lane that is no longer its own is put back into the right one', async () => {
  await using world = new QueueWorld();
  world.answer = async () => deferred;
  await world.start();
  await world.send(['a@one.example']);
  const text =
    'hostname: mail.example.org\npostmaster: ann\nlisteners: {}\ntransports: { never: { kind: fail } }\nroutes: [{ transport: never }]\n';
  const domains = { file: 'domains.yaml', text: '{ domains: {}, accounts: { ann: {} } }' };
  // Without a hint: the runner finds out when it has leased it.
  world.table = routingTable(parseConfigFiles({ file: 'server.yaml', text }, domains));
  await world.clock.advance(24 * 60 * 60_000);
  const route = world.transmissions.at(-1)?.route;
  assert.equal(route?.kind === 'transport' ? route.name : route?.kind, 'never');
});

test('Stories.tell: the queue of one account is not that of another', async () => {
  await using store = await tempStore();
  const { accounts, account, databases } = store;
  const stories = new Stories({
    db: databases.server,
    accounts,
    refusals: { find: () => Promise.resolve([]) },
    settings: defaultSettings,
  });
  const asked = await stories.tell({ kind: 'queueId', id: queueId(1) }, 10, account);
  assert.deepEqual(asked, { stories: [], isCut: false });
});
