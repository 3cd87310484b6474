import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ContentId } from '#lib/ids';
import { sql } from '#ports/database';
import { JmapClient, putJmapMail } from '#testing/jmap-client';
import { tempStore } from '#testing/temp-store';

test('Email/get: an email has one id in all of its mailboxes, and keeps it when it is moved', async () => {
  await using store = await tempStore();
  await putJmapMail(store);
  const client = new JmapClient(store);
  const inbox = await store.account.mailboxes.byName('INBOX');
  assert.ok(inbox !== null);
  const { ids } = await client.call('Email/query', {});
  const before = await client.call('Email/get', { ids, properties: ['mailboxIds'] });
  await store.account.messages.copy(inbox.id, [1], { name: 'Archive' });
  await store.account.messages.move(inbox.id, [1], { name: 'Trash' });
  const changes = await client.call('Email/changes', { sinceState: before.state });
  assert.deepEqual([changes.created, changes.updated, changes.destroyed], [[], [ids[2]], []]);
  const { list } = await client.call('Email/get', { ids: ids.slice(2, 3), properties: ['mailboxIds'] });
  assert.equal(Object.keys(list[0]?.mailboxIds ?? {}).length, 2);
});

test('Email/get: a preview is made once', async () => {
  await using store = await tempStore();
  await putJmapMail(store);
  const client = new JmapClient(store);
  const { ids } = await client.call('Email/query', {});
  const emails = ids.map((id) => Number(id.slice(1)) as ContentId);
  const { reader } = store.account;
  assert.equal((await reader.previews(emails)).size, 0);
  const { list } = await client.call('Email/get', { ids, properties: ['preview'] });
  const previews = (list as unknown as { readonly preview: string }[]).map(({ preview }) => preview);
  assert.deepEqual(previews[0], 'naïve text');
  const stored = await reader.previews(emails);
  assert.deepEqual(
    emails.map((id) => stored.get(id)),
    previews,
  );
  assert.deepEqual((await client.call('Email/get', { ids, properties: ['preview'] })).list, list);
});

test('Email/get: a damaged message is the loss of one email', async () => {
  await using store = await tempStore();
  await putJmapMail(store);
  const client = new JmapClient(store);
  const { ids } = await client.call('Email/query', {});
  const [newest = '', ...others] = ids;
  const email = Number(newest.slice(1));
  const { db } = store.account;
  const [[description, bytes] = []] = await db.read((reader) =>
    reader.arrays(
      sql`SELECT e.description, c.bytes FROM email AS e JOIN content AS c ON c.id = e.id WHERE e.id = ${email}`,
    ),
  );
  assert.ok(description instanceof Uint8Array && bytes instanceof Uint8Array);
  const put = async (descriptionNow: Uint8Array, bytesNow: Uint8Array): Promise<void> =>
    await db.write(async (tx) => {
      await tx.run(sql`UPDATE email SET description = ${descriptionNow} WHERE id = ${email}`);
      await tx.run(sql`UPDATE content SET bytes = ${bytesNow} WHERE id = ${email}`);
    });
  await put(new Uint8Array([1, 2, 3]), bytes.subarray(0, 3));
  const { list, notFound } = await client.call('Email/get', { ids, properties: ['subject', 'from'] });
  await put(description, bytes);
  assert.deepEqual([list.map(({ id }) => id), notFound], [others, [newest]]);
});
