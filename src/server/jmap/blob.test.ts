import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jmapLimits, type JsonObject } from '#lib/jmap';
import { JmapClient, putJmapMail } from '#testing/jmap-client';
import { tempStore, type TempStore } from '#testing/temp-store';

const [core, mail, blob] = ['core', 'mail', 'blob'].map((name) => `urn:ietf:params:jmap:${name}`);

/** Makes one call with the capability for blobs. */
async function call(
  client: JmapClient,
  { account }: TempStore,
  name: string,
  args: JsonObject,
  using = [core, mail, blob],
): Promise<JsonObject & { readonly type?: string }> {
  const methodCalls = [[name, { accountId: `A${account.id}`, ...args }, '0']];
  const { body } = await client.post(JSON.stringify({ using, methodCalls }));
  return (body as unknown as { methodResponses: [[string, JsonObject]] }).methodResponses[0][1];
}

async function made(client: JmapClient, store: TempStore, ...data: JsonObject[]): Promise<string> {
  const { created } = await call(client, store, 'Blob/upload', { create: { k: { data } } });
  return (created as { readonly k: { readonly id: string } }).k.id;
}

test('Blob/upload, Blob/get and Blob/lookup have limits, which the session announces', async () => {
  await using store = await tempStore();
  await putJmapMail(store);
  const small = { maxDataSources: 2, maxSizeUpload: 10, maxObjectsInSet: 2, maxObjectsInGet: 2 };
  const client = new JmapClient(store, { ...jmapLimits, ...small, maxSizeBlobsSent: 12, maxSizeBlobsRead: 30 });
  const session = (await (await client.send('/.well-known/jmap')).json()) as {
    capabilities: JsonObject;
    accounts: Record<string, { accountCapabilities: JsonObject }>;
  };
  assert.deepEqual(session.capabilities[blob ?? ''], {});
  assert.deepEqual(session.accounts[`A${store.account.id}`]?.accountCapabilities[blob ?? ''], {
    maxSizeBlobSet: 10,
    maxDataSources: 2,
    supportedTypeNames: ['Mailbox', 'Thread', 'Email'],
    supportedDigestAlgorithms: ['sha', 'sha-256'],
  });
  const ten = await made(client, store, { 'data:asText': '0123456789' });
  const a = { 'data:asText': 'a' };
  const refused = await call(client, store, 'Blob/upload', {
    create: { sources: { data: [a, a, a] }, size: { data: [{ blobId: ten }, a] } },
  });
  assert.deepEqual(
    Object.entries(refused['notCreated'] as JsonObject).map(([name, error]) => [name, (error as JsonObject)['type']]),
    [
      ['sources', 'tooLarge'],
      ['size', 'tooLarge'],
    ],
  );
  const others = [await made(client, store, a), await made(client, store, { 'data:asText': 'bc' })];
  for (const [name, args] of [
    ['Blob/upload', { create: { x: { data: [] }, y: { data: [] }, z: { data: [] } } }],
    ['Blob/get', { ids: [ten, ...others] }],
    ['Blob/lookup', { ids: [ten, ...others], typeNames: [] }],
    ['Blob/copy', { fromAccountId: `A${store.account.id}`, blobIds: [ten, ...others] }],
    ['Email/parse', { blobIds: [ten, ...others] }],
    ['Blob/get', { ids: ['B7'], properties: ['digest:sha'] }],
    ['Email/parse', { blobIds: ['B7'] }],
  ] as const) {
    const answer = await call(client, store, name, args);
    assert.equal(answer.type, 'requestTooLarge', `${name} ${JSON.stringify(args)}`);
  }
  assert.equal((await call(client, store, 'Blob/get', { ids: [ten, others[1] ?? ''], offset: 0 })).type, undefined);
  assert.equal((await call(client, store, 'Blob/get', { ids: ['B7'], length: 13 })).type, 'requestTooLarge');
  assert.equal((await call(client, store, 'Blob/get', { ids: ['B7'], properties: ['size'] })).type, undefined);
});

test('Blob methods need their capability, and to make blobs the right to change something', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store);
  for (const name of ['Blob/upload', 'Blob/get', 'Blob/lookup'])
    assert.equal((await call(client, store, name, {}, [core, mail])).type, 'unknownMethod');
  // RFC 9404 §4.3: a type is known with its capability only.
  const lookup = { typeNames: ['Email'], ids: [] };
  assert.equal((await call(client, store, 'Blob/lookup', lookup, [core, blob])).type, 'unknownDataType');
  const reader = new JmapClient(store, jmapLimits, { id: 1, scopes: ['read-only'] });
  const create = { k: { data: [] } };
  const from = { fromAccountId: `A${store.account.id}` };
  assert.equal((await call(reader, store, 'Blob/upload', { create })).type, 'accountReadOnly');
  assert.equal((await call(reader, store, 'Blob/copy', { ...from, blobIds: [] })).type, 'accountReadOnly');
  assert.equal((await call(reader, store, 'Blob/get', { ids: [] })).type, undefined);
  assert.equal((await call(reader, store, 'Email/parse', { blobIds: [] })).type, undefined);
});

test('blobs: a part of an encoded message is found through it, whole and in ranges, also when the message is large', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store);
  const [drafts] = await store.account.mailboxes.byNames(['Drafts']);
  const mailboxIds = { [`M${drafts?.id ?? 0}`]: true };
  const content = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7 + (i >> 8)) & 255);
  const path = `/jmap/upload/A${store.account.id}`;
  const upload = (await (await client.send(path, { method: 'POST', body: content })).json()) as { blobId: string };
  const create = async (name: string, type: string, blobId: string): Promise<string> => {
    const attachments = [{ blobId, type, name }];
    const answer = await client.call('Email/set', { create: { k: { mailboxIds, subject: name, attachments } } });
    return (answer.created as unknown as { k: { blobId: string } }).k.blobId;
  };
  // Messages within messages, each encoded: a message may only be attached in plain form as message/rfc822.
  let message = await create('innermost', 'application/pdf', upload.blobId);
  message = await create('middle', 'application/octet-stream', message);
  message = await create('outer', 'application/octet-stream', message);
  const partId = `${message}P1P1P1`;
  const download = (headers: Record<string, string> = {}): Promise<Response> =>
    client.send(`/jmap/download/A${store.account.id}/${partId}/f`, { headers });
  assert.deepEqual(new Uint8Array(await (await download()).arrayBuffer()), content);
  const range = await download({ Range: 'bytes=200000-200099' });
  assert.deepEqual(new Uint8Array(await range.arrayBuffer()), content.slice(200_000, 200_100));
  const got = await call(client, store, 'Blob/get', {
    ids: [partId],
    properties: ['data:asBase64', 'size'],
    offset: 299_999,
    length: 1,
  });
  assert.deepEqual(got['list'], [
    { id: partId, size: 300_000, 'data:asBase64': Buffer.from(content.slice(-1)).toString('base64') },
  ]);
  const parsed = await call(client, store, 'Email/parse', { blobIds: [`${message}P1P1`] });
  const object = (parsed['parsed'] as Record<string, { subject: string; attachments: { blobId: string }[] }>)[
    `${message}P1P1`
  ];
  assert.deepEqual([object?.subject, object?.attachments[0]?.blobId], ['innermost', partId]);
  for (const unknown of [`${message}P2`, `${message}P1P2`, `${upload.blobId}P9`, `${message}${'P1'.repeat(9)}`])
    assert.deepEqual((await call(client, store, 'Blob/get', { ids: [unknown] }))['notFound'], [unknown]);
});

test('Blob/copy and Email/copy do not see accounts of others', async () => {
  await using store = await tempStore();
  await putJmapMail(store);
  const client = new JmapClient(store);
  const other = await store.accounts.create('nora');
  const from = { fromAccountId: `A${other.id}` };
  assert.equal((await call(client, store, 'Blob/copy', { ...from, blobIds: ['B1'] })).type, 'fromAccountNotFound');
  assert.equal((await call(client, store, 'Email/copy', { ...from, create: {} })).type, 'fromAccountNotFound');
});
