import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SystemFlag } from '#lib/flags';
import { jmapLimits, type JsonObject } from '#lib/jmap';
import { sql } from '#ports/database';
import { JmapClient } from '#testing/jmap-client';
import { socketTurn } from '#testing/http-world';
import { newMessage, tempStore, type TempStore } from '#testing/temp-store';

const allRows = sql`SELECT id FROM push_subscription`;
const url = 'https://push.example/abc?d=1';

interface SetAnswer {
  readonly created: Readonly<Record<string, { readonly id: string; readonly expires: string }>> | null;
  readonly updated: Readonly<Record<string, JsonObject | null>> | null;
  readonly notCreated: Readonly<
    Record<string, { readonly type: string; readonly properties?: readonly string[] }>
  > | null;
  readonly notUpdated: Readonly<Record<string, { readonly type: string }>> | null;
  readonly destroyed: readonly string[] | null;
  readonly list: readonly JsonObject[];
  readonly type?: string;
}

/** Calls a method that has no account. */
async function call(client: JmapClient, name: string, args: JsonObject): Promise<SetAnswer> {
  const using = ['urn:ietf:params:jmap:core'];
  const { body } = await client.post(JSON.stringify({ using, methodCalls: [[name, args, '0']] }));
  return (body as unknown as { methodResponses: [[string, SetAnswer, string]] }).methodResponses[0][1];
}

/** Waits until what was begun has come to its end or to a timer: requests that read the same databases come behind what was asked of them before. */
async function settled(client: JmapClient): Promise<void> {
  for (let round = 0; round < 5; round += 1) {
    for (let i = 0; i < 10; i += 1) await socketTurn();
    await client.call('Mailbox/get', {});
    await call(client, 'PushSubscription/get', { ids: null });
    await client.webPush.idle();
  }
}

function posted(client: JmapClient): JsonObject[] {
  return client.fetcher.posts.map(({ post }) => JSON.parse(new TextDecoder().decode(post?.body)) as JsonObject);
}

/** Makes a subscription and verifies it. */
async function subscribed(client: JmapClient, more: JsonObject = {}): Promise<string> {
  client.fetcher.serve(url, '', { status: 201 });
  const { created } = await call(client, 'PushSubscription/set', {
    create: { a: { deviceClientId: 'phone', url, ...more } },
  });
  const id = created?.['a']?.id ?? assert.fail('not created');
  await settled(client);
  const [code] = posted(client).slice(-1);
  assert.deepEqual([code?.['@type'], code?.['pushSubscriptionId']], ['PushVerification', id]);
  const update = { [id]: { verificationCode: code?.['verificationCode'] ?? null } };
  assert.deepEqual((await call(client, 'PushSubscription/set', { update })).updated, { [id]: null });
  client.fetcher.posts.length = 0;
  return id;
}

async function append({ account }: TempStore, client: JmapClient): Promise<void> {
  await account.messages.append({ name: 'INBOX' }, [newMessage(['Subject: a'])]);
  await settled(client);
}

async function setFlag({ account }: TempStore, client: JmapClient): Promise<void> {
  const inbox = (await account.mailboxes.byName('INBOX')) ?? assert.fail('no INBOX');
  await account.messages.store(inbox.id, [1], { mode: 'add', bits: SystemFlag.Flagged, keywords: [] });
  await settled(client);
}

test('push subscription: nothing but the code is pushed before it is verified, then changes are, signed', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store);
  client.fetcher.serve(url, '', { status: 201 });
  const { created } = await call(client, 'PushSubscription/set', { create: { a: { deviceClientId: 'phone', url } } });
  const { id, ...rest } = created?.['a'] ?? assert.fail('not created');
  const expires = new Date(store.clock.now() + 14 * 86_400_000).toISOString().replace('.000', '');
  assert.deepEqual(rest, { keys: null, types: null, expires });
  await append(store, client);
  assert.equal(client.fetcher.posts.length, 1);
  const [request] = client.fetcher.posts;
  const headers = request?.post?.headers ?? {};
  assert.deepEqual(
    [request?.onlyPublic, headers['Content-Type'], headers['Urgency']],
    [true, 'application/json', 'high'],
  );
  assert.match(headers['TTL'] ?? '', /^\d+$/);
  assert.match(headers['Authorization'] ?? '', /^vapid t=[\w-]+\.[\w-]+\.[\w-]+, k=[\w-]{87}$/);
  const listed = async (): Promise<readonly JsonObject[]> =>
    (await call(client, 'PushSubscription/get', { ids: null })).list;
  const object = { id, deviceClientId: 'phone', verificationCode: null, expires, types: null };
  assert.deepEqual(await listed(), [object]);
  const wrong = await call(client, 'PushSubscription/set', { update: { [id]: { verificationCode: 'x' } } });
  assert.equal(wrong.notUpdated?.[id]?.type, 'invalidProperties');
  const verificationCode = posted(client)[0]?.['verificationCode'] ?? null;
  await call(client, 'PushSubscription/set', { update: { [id]: { verificationCode } } });
  assert.deepEqual(await listed(), [{ ...object, verificationCode }]);
  await append(store, client);
  const [, change] = posted(client);
  const { changed } = change as unknown as { changed: Record<string, JsonObject> };
  const types = Object.keys(changed[`A${store.account.id}`] ?? {});
  assert.deepEqual([change?.['@type'], types], ['StateChange', ['Email', 'EmailDelivery', 'Mailbox', 'Thread']]);
  assert.equal(client.fetcher.posts[1]?.post?.headers['Urgency'], 'normal');
  await client.webPush[Symbol.asyncDispose]();
});

test('push subscription: messages to one with keys are encrypted', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store);
  client.fetcher.serve(url, '', { status: 201 });
  const keys = {
    p256dh: 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4',
    auth: 'BTBZMqHH6r4Tts7J_aSIgg==',
  };
  const create = { a: { deviceClientId: 'phone', url, keys } };
  const { created } = await call(client, 'PushSubscription/set', { create });
  assert.equal('keys' in (created?.['a'] ?? assert.fail('not created')), false);
  await settled(client);
  const [request] = client.fetcher.posts;
  assert.equal(request?.post?.headers['Content-Encoding'], 'aes128gcm');
  assert.deepEqual(request?.post?.body.slice(16, 21), Uint8Array.of(0, 0, 16, 0, 65));
  await client.webPush[Symbol.asyncDispose]();
});

test('push subscription: what happens during a request or soon after it is one more message, and only of the wanted types', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store);
  await append(store, client);
  await subscribed(client, { types: ['EmailDelivery'] });
  await setFlag(store, client);
  assert.equal(client.fetcher.posts.length, 0);
  const gate = Promise.withResolvers<void>();
  client.fetcher.gate = gate.promise;
  for (let i = 0; i < 5; i += 1) await store.account.messages.append({ name: 'INBOX' }, [newMessage(['Subject: a'])]);
  while (client.fetcher.posts.length === 0) await socketTurn();
  client.fetcher.gate = null;
  gate.resolve();
  await settled(client);
  await append(store, client);
  assert.equal(client.fetcher.posts.length, 1);
  await store.clock.advance(1000);
  await settled(client);
  assert.equal(client.fetcher.posts.length, 2);
  await store.clock.advance(60_000);
  await settled(client);
  assert.equal(client.fetcher.posts.length, 2);
  await client.webPush[Symbol.asyncDispose]();
});

test('push subscription: failures are retried with longer and longer waits, and as late as the push service asks', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store);
  await subscribed(client);
  client.fetcher.serve(url, '', { status: 500 });
  await append(store, client);
  const attemptsAfter = async (ms: number): Promise<number> => {
    await store.clock.advance(ms);
    await settled(client);
    return client.fetcher.posts.length;
  };
  assert.deepEqual([await attemptsAfter(14_999), await attemptsAfter(1)], [1, 2]);
  assert.deepEqual([await attemptsAfter(29_999), await attemptsAfter(1)], [2, 3]);
  client.fetcher.serve(url, '', { status: 429, retryAfter: '600' });
  assert.deepEqual([await attemptsAfter(60_000), await attemptsAfter(599_999)], [4, 4]);
  client.fetcher.serve(url, '', { status: 301 });
  assert.equal(await attemptsAfter(1), 5);
  client.fetcher.serve(url, '', { status: 200 });
  assert.equal(await attemptsAfter(60 * 60_000), 6);
  assert.equal(await attemptsAfter(24 * 60 * 60_000), 6);
  await client.webPush[Symbol.asyncDispose]();
});

test('push subscription: a code that cannot be sent is given up after some attempts', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store);
  client.fetcher.serve(url, '', { status: 503 });
  await call(client, 'PushSubscription/set', { create: { a: { deviceClientId: 'phone', url } } });
  for (let i = 0; i < 10; i += 1) {
    await settled(client);
    await store.clock.advance(60 * 60_000);
  }
  assert.equal(client.fetcher.posts.length, 3);
  await client.webPush[Symbol.asyncDispose]();
});

for (const [name, end] of [
  [
    'the push service does not know it',
    ({ fetcher }: JmapClient) => Promise.resolve(fetcher.serve(url, '', { status: 410 })),
  ],
  ['its login ends', (client: JmapClient) => Promise.resolve(client.logOut())],
  [
    'it has expired',
    async (client: JmapClient, { clock }: TempStore) => {
      await clock.advance(14 * 86_400_000);
      client.fetcher.serve(url, '', { status: 201 });
    },
  ],
] as const) {
  test(`push subscription: removed when ${name}`, async () => {
    await using store = await tempStore();
    const client = new JmapClient(store);
    await subscribed(client);
    await end(client, store);
    await append(store, client);
    assert.equal(client.fetcher.posts.length, name === 'the push service does not know it' ? 1 : 0);
    const rows = store.databases.server.read((reader) => reader.arrays(allRows));
    assert.deepEqual(await rows, []);
    await client.webPush[Symbol.asyncDispose]();
  });
}

test('push subscription: a change of logins removes those of credentials that no longer hold, without a change of mail', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store);
  await subscribed(client);
  store.bus.publish('logins');
  await settled(client);
  assert.equal((await call(client, 'PushSubscription/get', {})).list.length, 1);
  client.logOut();
  store.bus.publish('logins');
  await settled(client);
  assert.equal((await call(client, 'PushSubscription/get', {})).list.length, 0);
  await client.webPush[Symbol.asyncDispose]();
});

test('push subscription: works on after a restart, with what the client has missed', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store);
  await subscribed(client);
  await append(store, client);
  assert.equal(client.fetcher.posts.length, 1);
  await client.webPush[Symbol.asyncDispose]();
  await append(store, client);
  const next = new JmapClient(store);
  next.fetcher.serve(url, '', { status: 201 });
  await next.webPush.start();
  await settled(next);
  assert.equal(next.fetcher.posts.length, 1);
  await store.clock.advance(1000);
  await append(store, next);
  assert.equal(next.fetcher.posts.length, 2);
  await next.webPush[Symbol.asyncDispose]();
  const last = new JmapClient(store);
  await last.webPush.start();
  await settled(last);
  assert.equal(last.fetcher.posts.length, 0);
  await last.webPush[Symbol.asyncDispose]();
});

test('PushSubscription/set: what is refused, and limits', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store);
  const device = { deviceClientId: 'phone', url };
  for (const [object, property] of [
    [{ ...device, url: 'http://push.example/' }, 'url'],
    [{ ...device, url: 'https://me@push.example/' }, 'url'],
    [{ ...device, url: `https://push.example/${'x'.repeat(2000)}` }, 'url'],
    [{ url }, 'deviceClientId'],
    [{ ...device, keys: { p256dh: 'AAAA', auth: 'BTBZMqHH6r4Tts7J_aSIgg' } }, 'keys'],
    [{ ...device, verificationCode: 'x' }, 'verificationCode'],
    [{ ...device, expires: 'soon' }, 'expires'],
    [{ ...device, types: [1] }, 'types'],
    [{ ...device, accountId: 'A1' }, 'accountId'],
  ] as const) {
    const { notCreated } = await call(client, 'PushSubscription/set', { create: { a: object } });
    assert.deepEqual(notCreated?.['a']?.properties, [property]);
  }
  const create = Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`n${i}`, device]));
  const full = await call(client, 'PushSubscription/set', { create });
  assert.deepEqual(
    Object.values(full.notCreated ?? {}).map(({ type }) => type),
    ['overQuota'],
  );
  const ids = Object.values(full.created ?? {}).map((one) => one.id);
  const [first = ''] = ids;
  const shortened = await call(client, 'PushSubscription/set', {
    update: { [first]: { expires: '2099-01-01T00:00:00Z', types: ['Email'] } },
  });
  assert.ok((shortened.updated?.[first]?.['expires'] ?? '') < '2027');
  for (const patch of [{ url: 'https://other.example/' }, { deviceClientId: 'x' }]) {
    const { notUpdated } = await call(client, 'PushSubscription/set', { update: { [first]: patch } });
    assert.equal(notUpdated?.[first]?.type, 'invalidProperties');
  }
  const gone = await call(client, 'PushSubscription/set', { destroy: ids });
  assert.deepEqual(gone.destroyed, ids);
  const again = await call(client, 'PushSubscription/set', { create });
  const types = Object.values(again.notCreated ?? {}).map(({ type }) => type);
  assert.deepEqual(new Set(types), new Set(['rateLimit']));
  assert.equal((await call(client, 'PushSubscription/get', { properties: ['url'] })).type, 'forbidden');
  assert.equal((await call(client, 'PushSubscription/set', { ifInState: '1' })).type, 'invalidArguments');
  await client.webPush[Symbol.asyncDispose]();
});

test('push subscription: a login that may only read has its own', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store, jmapLimits, { id: 1, scopes: ['read-only'] });
  await subscribed(client);
  assert.equal((await call(client, 'PushSubscription/get', {})).list.length, 1);
  await client.webPush[Symbol.asyncDispose]();
});
