import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemFlag } from '#lib/flags';
import { JmapClient, putJmapMail } from '#testing/jmap-client';
import { newMessage, tempStore } from '#testing/temp-store';

test('Email/changes: new, changed and removed emails since a state', async () => {
  await using store = await tempStore();
  await putJmapMail(store);
  const client = new JmapClient(store);
  const { ids } = await client.call('Email/query', { sort: [{ property: 'receivedAt', isAscending: true }] });
  const { state } = await client.call('Email/get', { ids: [] });
  const inbox = await store.account.mailboxes.byName('INBOX');
  assert.ok(inbox !== null);
  await store.account.messages.store(inbox.id, [1], { mode: 'add', bits: SystemFlag.Flagged, keywords: ['Work'] });
  await store.account.messages.remove(inbox.id, [2]);
  await store.account.messages.append({ name: 'INBOX' }, [
    newMessage(['Subject: new']),
    newMessage(['Subject: short']),
  ]);
  await store.account.messages.remove(inbox.id, [5]);
  const { created, updated, destroyed, hasMoreChanges } = await client.call('Email/changes', { sinceState: state });
  assert.equal(created.length, 1);
  // The short-lived one may have been seen by a client whose state is older.
  assert.deepEqual(
    [updated, destroyed.length, destroyed.includes(ids[1] ?? ''), hasMoreChanges],
    [[ids[0]], 2, true, false],
  );
  const { list } = await client.call('Email/get', { ids: ids.slice(0, 1), properties: ['keywords'] });
  assert.deepEqual(list[0]?.keywords, { $flagged: true, work: true });
  assert.equal((await client.call('Email/changes', { sinceState: '999999' })).type, 'cannotCalculateChanges');
});
