import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jmapLimits } from '#lib/jmap';
import { JmapClient } from '#testing/jmap-client';
import { testSending } from '#testing/jmap-sending';
import { tempStore } from '#testing/temp-store';

const identity = { name: 'Team', email: 'team@example.org', textSignature: '-- \nTeam' };

test('Identity/get: each configured address has an identity that needs no row, and cannot be destroyed', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store);
  const { list } = await client.call('Identity/get', { ids: null, properties: ['name', 'email', 'mayDelete'] });
  const shown = list as unknown as { id: string; name: string; email: string; mayDelete: boolean }[];
  assert.deepEqual(
    shown.map(({ name, email, mayDelete }) => [name, email, mayDelete]),
    [
      ['Mara', 'mara@example.org', false],
      ['Mara', '*@any.example', false],
    ],
  );
  const [first] = shown;
  const destroyed = await client.call('Identity/set', { destroy: [first?.id ?? ''] });
  assert.match(JSON.stringify(destroyed), /"notDestroyed":\{"D[0-9a-f]{16}":\{"type":"forbidden"/);
});

test('Identity/set: what is changed of the identity of an address keeps its id, and changes report it', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store);
  const { list, state } = await client.call('Identity/get', { ids: null });
  const id = list[0]?.id ?? '';
  const update = {
    [id]: { name: 'Mara M.', htmlSignature: '<p>M</p>', replyTo: [{ name: null, email: 'r@x.example' }] },
  };
  await client.call('Identity/set', { update, ifInState: state });
  await client.call('Identity/set', { update: { [id]: { textSignature: 'M', name: null } } });
  const after = await client.call('Identity/get', { ids: [id] });
  assert.deepEqual(after.list, [
    {
      id,
      name: '',
      email: 'mara@example.org',
      replyTo: [{ name: null, email: 'r@x.example' }],
      bcc: null,
      textSignature: 'M',
      htmlSignature: '<p>M</p>',
      mayDelete: false,
    },
  ]);
  const { created, updated, destroyed } = await client.call('Identity/changes', { sinceState: state });
  assert.deepEqual([created, updated, destroyed], [[], [id], []]);
});

test('Identity/set: what a user makes comes and goes in the changes, and the log knows what was before', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store);
  const { state: first } = await client.call('Identity/get', { ids: [] });
  const made = await client.call('Identity/set', { create: { a: identity, b: { email: 'other@any.example' } } });
  const { a, b } = made.created as unknown as Record<string, { id: string }>;
  const { state: second } = await client.call('Identity/get', { ids: [] });
  await client.call('Identity/set', { destroy: [a?.id ?? ''], update: { [b?.id ?? '']: { name: 'B' } } });
  const since = async (sinceState: string): Promise<unknown> => {
    const { created, updated, destroyed } = await client.call('Identity/changes', { sinceState });
    return [created, updated, destroyed];
  };
  assert.deepEqual(await since(first), [[b?.id], [], []]);
  assert.deepEqual(await since(second), [[], [b?.id], [a?.id]]);
  assert.equal(
    (await client.call('Identity/changes', { sinceState: '7-0000000000000000' })).type,
    'cannotCalculateChanges',
  );
  const many = await client.call('Identity/changes', { sinceState: second, maxChanges: 1 });
  assert.equal(many.type, 'cannotCalculateChanges');
});

test('Identity/changes: another configuration is another state', async () => {
  await using store = await tempStore();
  const { state } = await new JmapClient(store).call('Identity/get', { ids: [] });
  const other = 'domains: { example.org: {} }\naccounts: { mara: { addresses: [m@example.org] } }\n';
  const client = new JmapClient(store, jmapLimits, null, 0, {}, testSending(store, {}, other));
  assert.equal((await client.call('Identity/changes', { sinceState: state })).type, 'cannotCalculateChanges');
});

for (const [title, object, type] of [
  ['an address of another account', { email: 'zoe@example.org' }, 'forbiddenFrom'],
  ['a catch-all that is not theirs', { email: '*@example.org' }, 'forbiddenFrom'],
  ['no address', { name: 'x' }, 'invalidProperties'],
  ['a name of two lines', { email: 'mara@example.org', name: 'a\r\nBcc: x@y' }, 'invalidProperties'],
  ['a name that is too long', { email: 'mara@example.org', name: 'a'.repeat(257) }, 'invalidProperties'],
  ['a long signature', { email: 'mara@example.org', htmlSignature: 'ü'.repeat(32_769) }, 'invalidProperties'],
  ['a bad Bcc', { email: 'mara@example.org', bcc: [{ name: null, email: 'nobody' }] }, 'invalidProperties'],
  [
    'too many addresses',
    { email: 'mara@example.org', bcc: Array.from({ length: 51 }, () => ({ email: 'a@b.example' })) },
    'invalidProperties',
  ],
  ['what the server sets', { email: 'mara@example.org', mayDelete: true }, 'invalidProperties'],
] as const)
  test(`Identity/set: refuses ${title}`, async () => {
    await using store = await tempStore();
    const { notCreated } = (await new JmapClient(store).call('Identity/set', {
      create: { x: object },
    })) as unknown as { notCreated: Record<string, { type: string }> };
    assert.equal(notCreated['x']?.type, type);
  });

test('Identity/set: all of a domain for who has it, an end to their number, and nothing for those who may only read', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store);
  const any = await client.call('Identity/set', { create: { x: { email: '*@any.example' } } });
  assert.ok(any.created !== null);
  for (let round = 0; round < 2; round += 1) {
    const create = Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`c${i}`, identity]));
    const { notCreated } = (await client.call('Identity/set', { create })) as unknown as { notCreated: object | null };
    assert.equal(Object.keys(notCreated ?? {}).length, round);
  }
  const reader = new JmapClient(store, jmapLimits, { id: 1, scopes: ['read-only'] });
  assert.equal((await reader.call('Identity/set', { create: { x: identity } })).type, 'accountReadOnly');
  const stale = await client.call('Identity/set', { ifInState: '0-0000000000000000' });
  assert.equal(stale.type, 'stateMismatch');
});
