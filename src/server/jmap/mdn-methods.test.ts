import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '#ports/database';
import { jmapLimits, type JsonObject } from '#lib/jmap';
import { JmapClient } from '#testing/jmap-client';
import { testSending, type TestSending } from '#testing/jmap-sending';
import { newMessage, tempStore, type TempStore } from '#testing/temp-store';

const asks = [
  'From: joe@far.example',
  'To: mara@example.org',
  'Subject: read this',
  'Message-ID: <1@far.example>',
  'Disposition-Notification-To: Joe <joe@far.example>',
  'Original-Recipient: rfc822; old@example.org',
];
const disposition = { actionMode: 'manual-action', sendingMode: 'mdn-sent-manually', type: 'displayed' };
const marks = { '#k': { 'keywords/$mdnsent': true } };

interface World {
  readonly client: JmapClient;
  readonly sending: TestSending;
  readonly email: string;
  readonly identityId: string;
  /** Makes both calls of a request, and returns the responses. */
  readonly send: (mdn: JsonObject, more?: JsonObject) => Promise<[string, Record<string, never>][]>;
}

async function open(
  store: TempStore,
  lines = asks,
  scopes: readonly ('mail' | 'send')[] | null = null,
): Promise<World> {
  await store.account.messages.append({ name: 'INBOX' }, [newMessage(lines)]);
  const sending = testSending(store);
  const client = new JmapClient(store, jmapLimits, scopes === null ? null : { id: 1, scopes }, 0, {}, sending);
  const { ids } = await client.call('Email/query', {});
  const identityId = (await client.call('Identity/get', { ids: null })).list[0]?.id ?? '';
  const email = ids[0] ?? '';
  const send: World['send'] = async (mdn, more = {}) => {
    const args = {
      accountId: `A${store.account.id}`,
      identityId,
      send: { k: { forEmailId: email, disposition, ...mdn } },
      onSuccessUpdateEmail: marks,
      ...more,
    };
    const using = ['core', 'mail', 'mdn'].map((name) => `urn:ietf:params:jmap:${name}`);
    const { body } = await client.post(JSON.stringify({ using, methodCalls: [['MDN/send', args, '0']] }));
    return body['methodResponses'] as never;
  };
  return { client, sending, email, identityId, send };
}

/** Returns the object `k` of a member of a response. */
function partOf(answer: Record<string, never> | undefined, name: string): { readonly type?: string } | undefined {
  const member: Record<string, { readonly type?: string }> | undefined = answer?.[name];
  return member?.['k'];
}

test('MDN/send: the notification goes to who asked for it, with the null reverse-path, and the email is marked', async () => {
  await using store = await tempStore();
  const { send, client, email, sending } = await open(store);
  const [[, answer] = [], [second, implied] = []] = await send({ subject: 'Read: Grüße', textBody: 'I read it.' });
  assert.deepEqual(partOf(answer, 'sent'), {
    includeOriginalMessage: false,
    reportingUA: null,
    mdnGateway: null,
    originalRecipient: 'rfc822; old@example.org',
    finalRecipient: 'rfc822; mara@example.org',
    originalMessageId: '<1@far.example>',
    error: null,
    extensionFields: null,
  });
  assert.equal(second, 'Email/set');
  assert.deepEqual(implied?.['updated'], { [email]: null });
  const [item] = await sending.queue.list();
  assert.deepEqual([item?.sender, item?.recipient], ['', 'joe@far.example']);
  const row = await store.databases.server.read((reader) =>
    reader.get<{ bytes: Uint8Array }>(sql`SELECT bytes FROM queue_content`),
  );
  const uploaded = await client.send(`/jmap/upload/A${store.account.id}`, {
    method: 'POST',
    body: row?.bytes as never,
  });
  const { blobId } = (await uploaded.json()) as { blobId: string };
  const parsed = await client.call('MDN/parse', { blobIds: [blobId, email.replace('E', 'B'), 'B999'] });
  assert.deepEqual(parsed, {
    accountId: `A${store.account.id}`,
    parsed: {
      [blobId]: {
        forEmailId: email,
        subject: 'Read: Grüße',
        textBody: 'I read it.',
        includeOriginalMessage: true,
        reportingUA: null,
        disposition,
        mdnGateway: null,
        originalRecipient: 'rfc822; old@example.org',
        finalRecipient: 'rfc822; mara@example.org',
        originalMessageId: '<1@far.example>',
        error: null,
        extensionFields: null,
      },
    },
    notParsable: [email.replace('E', 'B')],
    notFound: ['B999'],
  });
  const [[, again] = []] = await send({});
  assert.equal(partOf(again, 'notSent')?.type, 'mdnAlreadySent');
});

test('MDN/send: the whole original is returned when the client wants it', async () => {
  await using store = await tempStore();
  const { send } = await open(store);
  await send({ includeOriginalMessage: true, extensionFields: { 'X-A': 'b' }, reportingUA: 'pc; mail' });
  const row = await store.databases.server.read((reader) =>
    reader.get<{ bytes: Uint8Array }>(sql`SELECT bytes FROM queue_content`),
  );
  const text = new TextDecoder().decode(row?.bytes);
  assert.match(
    text,
    /\r\nReporting-UA: pc; mail\r\n[^]*\r\nX-A: b\r\n[^]*message\/rfc822\r\n\r\nFrom: joe[^]*\r\n\r\nHello\r\n\r\n--mdn-/,
  );
});

for (const [title, mdn, more, type, lines] of [
  ['an email that is not there', { forEmailId: 'E99' }, {}, 'notFound'],
  ['an email that asks for none', {}, {}, 'notFound', asks.slice(0, 4)],
  ['a final recipient of others', { finalRecipient: 'rfc822; zoe@example.org' }, {}, 'forbiddenFrom'],
  ['a call that does not mark the email', {}, { onSuccessUpdateEmail: null }, 'invalidProperties'],
  [
    'a call that marks it otherwise',
    {},
    { onSuccessUpdateEmail: { '#k': { 'keywords/$seen': true } } },
    'invalidProperties',
  ],
  ['an unknown disposition', { disposition: { ...disposition, type: 'eaten' } }, {}, 'invalidProperties'],
  ['a subject of two lines', { subject: 'a\nb' }, {}, 'invalidProperties'],
  ['a field of the report as an extension', { extensionFields: { Disposition: 'x' } }, {}, 'invalidProperties'],
  ['a value of two lines', { extensionFields: { 'X-A': 'b\r\nc' } }, {}, 'invalidProperties'],
  ['more than there is', { x: 1 }, {}, 'invalidProperties'],
  ['a text that is too long', { textBody: 'x'.repeat(70_000) }, {}, 'invalidProperties'],
] as readonly (readonly [string, JsonObject, JsonObject, string, (readonly string[])?])[])
  test(`MDN/send: refuses ${title}`, async () => {
    await using store = await tempStore();
    const { send, sending } = await open(store, [...(lines ?? asks)]);
    const [[, answer] = [], second] = await send(mdn, more);
    assert.equal(partOf(answer, 'notSent')?.type, type);
    assert.equal(second, undefined);
    assert.equal((await sending.queue.list()).length, 0);
  });

test('MDN/send: an identity that is not there, and a login that may not send', async () => {
  await using store = await tempStore();
  const { send } = await open(store, asks, ['mail']);
  const [[name, error] = []] = await send({}, { identityId: 'I99' });
  assert.deepEqual([name, error?.['type']], ['error', 'invalidArguments']);
  const [[, answer] = []] = await send({});
  assert.equal(partOf(answer, 'notSent')?.type, 'forbidden');
});
