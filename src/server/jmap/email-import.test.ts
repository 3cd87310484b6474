import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jmapLimits, type JsonObject } from '#lib/jmap';
import { JmapClient } from '#testing/jmap-client';
import { tempStore } from '#testing/temp-store';

test('Email/import: an upload becomes an email in several mailboxes, or is refused with a reason', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store);
  const upload = async (body: string): Promise<string> => {
    const response = await client.send(`/jmap/upload/A${store.account.id}`, { method: 'POST', body });
    return ((await response.json()) as { blobId: string }).blobId;
  };
  const received = 'Received: from a by b; Thu, 1 Jan 2026 10:00:00 +0200\r\n';
  const blobId = await upload(`${received}Subject: in\r\nMessage-ID: <i@x>\r\n\r\nbody\r\n`);
  const [inbox, sent] = await store.account.mailboxes.byNames(['INBOX', 'Sent']);
  const mailboxIds = { [`M${inbox?.id ?? 0}`]: true, [`M${sent?.id ?? 0}`]: true };
  const state = (await client.call('Email/get', { ids: [] })).state;
  const keywords = { $seen: true, Work: true };
  const answer = (await client.call('Email/import', {
    ifInState: state,
    emails: {
      good: { blobId, mailboxIds, keywords },
      dated: { blobId, mailboxIds, receivedAt: '2020-02-02T02:02:02Z' },
      gone: { blobId: 'U0', mailboxIds },
      nowhere: { blobId, mailboxIds: {} },
      text: { blobId: await upload('no header'), mailboxIds },
      odd: { blobId, mailboxIds, colour: 'red' },
      keyword: { blobId, mailboxIds, keywords: { 'a b': true } },
    },
  })) as unknown as {
    oldState: string;
    newState: string;
    created: Record<string, { id: string; blobId: string; size: number; threadId: string }>;
    notCreated: Record<string, { type: string; properties?: string[] }>;
  };
  const refused = Object.entries(answer.notCreated).map(([name, { type, properties = [] }]) => [
    name,
    type,
    ...properties,
  ]);
  assert.deepEqual(refused, [
    ['gone', 'invalidProperties', 'blobId'],
    ['nowhere', 'invalidProperties', 'mailboxIds'],
    ['text', 'invalidEmail'],
    ['odd', 'invalidProperties', 'colour'],
    ['keyword', 'invalidProperties', 'keywords'],
  ]);
  const { good, dated } = answer.created;
  assert.ok(good !== undefined && dated !== undefined);
  const wanted = ['mailboxIds', 'keywords', 'receivedAt', 'threadId', 'size', 'blobId'];
  const got = await client.call('Email/get', { ids: [good.id, dated.id], properties: wanted });
  assert.equal(got.state, answer.newState);
  const { threadId, size } = good;
  assert.deepEqual(got.list[0], {
    id: good.id,
    blobId: good.blobId,
    threadId,
    size,
    mailboxIds,
    keywords: { $seen: true, work: true },
    receivedAt: '2026-01-01T08:00:00Z',
  });
  assert.equal((got.list[1] as unknown as JsonObject)['receivedAt'], '2020-02-02T02:02:02Z');
  const changes = await client.call('Email/changes', { sinceState: answer.oldState });
  assert.deepEqual([...changes.created].toSorted(), [good.id, dated.id].toSorted());
  // A message that is there already can be imported as well.
  const copy = await client.call('Email/import', { emails: { k: { blobId: good.blobId, mailboxIds } } });
  assert.deepEqual(Object.keys(copy.created), ['k']);
  assert.equal((await client.call('Email/import', { ifInState: state, emails: {} })).type, 'stateMismatch');
  const poor = new JmapClient(store, jmapLimits, null, 10);
  const over = (await poor.call('Email/import', {
    emails: { k: { blobId: good.blobId, mailboxIds } },
  })) as unknown as typeof answer;
  assert.equal(over.notCreated['k']?.type, 'overQuota');
  const reader = new JmapClient(store, jmapLimits, { id: 1, scopes: ['read-only'] });
  assert.equal((await reader.call('Email/import', { emails: {} })).type, 'accountReadOnly');
});
