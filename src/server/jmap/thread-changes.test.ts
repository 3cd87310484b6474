import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemFlag } from '#lib/flags';
import { sql } from '#ports/database';
import { JmapClient, putJmapMail } from '#testing/jmap-client';
import { newMessage, tempStore } from '#testing/temp-store';

test('Thread/changes: threads change with their emails only, also after those were erased', async () => {
  await using store = await tempStore();
  await putJmapMail(store);
  const { account } = store;
  const client = new JmapClient(store);
  const inbox = (await account.mailboxes.byName('INBOX')) ?? assert.fail('no INBOX');
  const { state } = await client.call('Mailbox/get', {});
  const changes = async (sinceState: string) => {
    const { created, updated, destroyed, type } = await client.call('Thread/changes', { sinceState });
    return type ?? [created.length, updated, destroyed];
  };
  await account.messages.store(inbox.id, [1], { mode: 'add', bits: SystemFlag.Flagged, keywords: [] });
  await account.messages.copy(inbox.id, [1], { name: 'Archive' });
  assert.deepEqual(await changes(state), [0, [], []]);
  await account.messages.append({ name: 'INBOX' }, [
    newMessage(['Subject: Re: =?utf-8?q?Caf=C3=A9?=', 'In-Reply-To: <1@x>']),
  ]);
  await account.messages.remove(inbox.id, [3]);
  const answer = await changes(state);
  const [, [grown = ''], [gone = '']] = answer as unknown as [number, string[], string[]];
  assert.deepEqual(answer, [0, [grown], [gone]]);
  await account.messages.eraseExpunged();
  assert.deepEqual(await changes(state), answer);
  // A message that is marked as deleted is hidden, and comes back.
  const { state: before } = await client.call('Mailbox/get', {});
  await account.messages.store(inbox.id, [2], { mode: 'add', bits: SystemFlag.Deleted, keywords: [] });
  assert.deepEqual(await changes(before), [0, [grown], []]);
  const { state: hidden } = await client.call('Mailbox/get', {});
  await account.messages.store(inbox.id, [2], { mode: 'remove', bits: SystemFlag.Deleted, keywords: [] });
  assert.deepEqual(await changes(hidden), [0, [grown], []]);
  // As when it was erased before version 11 of the schema.
  await account.db.write((tx) => tx.run(sql`DELETE FROM erased_email WHERE account = ${account.id}`));
  assert.equal(await changes(state), 'cannotCalculateChanges');
  assert.deepEqual(await changes(hidden), [0, [grown], []]);
});
