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

for (const [method, prefix] of [
  ['Email/changes', 'E'],
  ['Thread/changes', 'T'],
] as const)
  test(`${method}: what came and was changed again is new, on whatever page it is`, async () => {
    await using store = await tempStore();
    await putJmapMail(store);
    const client = new JmapClient(store);
    const { state } = await client.call('Email/get', { ids: [] });
    const { messages, mailboxes } = store.account;
    for (let i = 0; i < 6; i += 1) await messages.append({ name: 'INBOX' }, [newMessage([`Subject: page ${i}`])]);
    const inbox = await mailboxes.byName('INBOX');
    await messages.store(inbox?.id ?? assert.fail(), [4], { mode: 'add', bits: SystemFlag.Flagged, keywords: [] });
    const created: string[] = [];
    const updated: unknown[] = [];
    let sinceState = state;
    for (let pages = 0, more = true; more; pages += 1) {
      assert.ok(pages < 10);
      const page = await client.call(method, { sinceState, maxChanges: 4 });
      assert.equal(page.type, undefined);
      created.push(...page.created);
      updated.push(...(page.updated as readonly string[]));
      more = page.hasMoreChanges;
      sinceState = (page as unknown as { readonly newState: string }).newState;
    }
    assert.deepEqual([created.length, new Set(created).size], [6, 6]);
    assert.ok(created.every((id) => id.startsWith(prefix)));
    assert.deepEqual([updated, sinceState], [[], (await client.call('Email/get', { ids: [] })).state]);
    for (const wrong of ['3-4', '4-3-2', '-3', '3-'])
      assert.equal((await client.call(method, { sinceState: wrong })).type, 'cannotCalculateChanges', wrong);
  });
