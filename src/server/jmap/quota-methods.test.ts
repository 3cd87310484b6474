import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jmapLimits, type JsonObject } from '#lib/jmap';
import { JmapClient, putJmapMail } from '#testing/jmap-client';
import { tempStore } from '#testing/temp-store';

test('Quota/get: the quota of the account, with what is used of it', async () => {
  await using store = await tempStore();
  await putJmapMail(store);
  const client = new JmapClient(store, jmapLimits, null, 10_000);
  const { list, notFound, state } = await client.call('Quota/get', { ids: ['Q1', 'Q2'] });
  const used = await store.account.mailboxes.sizeBytes();
  assert.deepEqual(list, [
    {
      id: 'Q1',
      resourceType: 'octets',
      used,
      hardLimit: 10_000,
      scope: 'account',
      name: 'Mail',
      types: ['Email'],
    },
  ]);
  assert.deepEqual([notFound, state], [['Q2'], `${used}-10000`]);
  const without = await new JmapClient(store).call('Quota/get', { ids: null });
  assert.deepEqual(without.list, []);
  const using = ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:quota'];
  const call = ['Quota/get', { accountId: `A${store.account.id}` }, '0'];
  const { body } = await client.post(JSON.stringify({ using, methodCalls: [call] }));
  assert.match(JSON.stringify(body), /"list":\[\]/, 'the request uses no type that it is about');
});

test('Quota/changes: what is used changes with mail, and other properties with the configuration', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store, jmapLimits, null, 10_000);
  const { state } = await client.call('Quota/get', {});
  await putJmapMail(store);
  const changes = async (of: JmapClient, sinceState: string): Promise<unknown> => {
    const { created, updated, destroyed, ...others } = await of.call('Quota/changes', { sinceState });
    return [created, updated, destroyed, (others as unknown as JsonObject)['updatedProperties']];
  };
  assert.deepEqual(await changes(client, state), [[], ['Q1'], [], ['used']]);
  const now = (await client.call('Quota/get', {})).state;
  assert.deepEqual(await changes(client, now), [[], [], [], null]);
  const [larger, none] = [20_000, 0].map((quota) => new JmapClient(store, jmapLimits, null, quota));
  assert.deepEqual(await changes(larger ?? client, now), [[], ['Q1'], [], null]);
  assert.deepEqual(await changes(none ?? client, now), [[], [], ['Q1'], null]);
  const before = (await (none ?? client).call('Quota/get', {})).state;
  assert.deepEqual(await changes(client, before), [['Q1'], [], [], null]);
  assert.equal((await client.call('Quota/changes', { sinceState: 'x' })).type, 'cannotCalculateChanges');
  assert.equal((await client.call('Quota/changes', { sinceState: now, maxChanges: 0 })).type, 'invalidArguments');
});

test('Quota/query: filters and sorts', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store, jmapLimits, null, 10_000);
  const query = async (args: JsonObject): Promise<unknown> => {
    const { ids, type } = await client.call('Quota/query', args);
    return type ?? ids;
  };
  assert.deepEqual(await query({ sort: [{ property: 'used' }, { property: 'name' }] }), ['Q1']);
  for (const [filter, want] of [
    [{ name: 'ai', scope: 'account', resourceType: 'octets', type: 'Email' }, ['Q1']],
    [{ name: 'x' }, []],
    [{ scope: 'domain' }, []],
    [{ resourceType: 'count' }, []],
    [{ type: 'Calendar' }, []],
    [{ used: 'x' }, 'unsupportedFilter'],
  ] as const)
    assert.deepEqual(await query({ filter }), want, JSON.stringify(filter));
  assert.equal(await query({ sort: [{ property: 'hardLimit' }] }), 'unsupportedSort');
  assert.equal((await client.call('Quota/queryChanges', {})).type, 'cannotCalculateChanges');
});
