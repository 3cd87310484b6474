import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '#ports/database';
import { jmapLimits, type JsonObject } from '#lib/jmap';
import { SystemFlag } from '#lib/flags';
import { JmapClient } from '#testing/jmap-client';
import { testSending, type TestSending } from '#testing/jmap-sending';
import { newMessage, tempStore, type TempStore } from '#testing/temp-store';

const header = [
  'From: Mara <mara@example.org>',
  'To: Zoe <zoe@example.org>, far@far.example',
  'Cc: far@far.example',
  'Bcc: hidden@far.example',
  'Subject: hi',
];

interface SetAnswer {
  readonly type?: string;
  readonly oldState: string;
  readonly newState: string;
  readonly created: Record<string, Record<string, unknown> & { readonly id: string }> | null;
  readonly notCreated: Record<string, { readonly type: string } & Record<string, unknown>> | null;
  readonly notUpdated: Record<string, { readonly type: string }> | null;
  readonly notDestroyed: Record<string, { readonly type: string }> | null;
}

/** A client with one draft, `E…`, and the identities of mara@example.org and of all of any.example. */
class World {
  readonly sending: TestSending;
  readonly client: JmapClient;
  readonly store: TempStore;
  readonly identity: string;
  readonly anyIdentity: string;
  readonly email: string;

  private constructor(store: TempStore, sending: TestSending, client: JmapClient, ids: readonly string[]) {
    [this.store, this.sending, this.client] = [store, sending, client];
    [this.identity = '', this.anyIdentity = '', this.email = ''] = ids;
  }

  static async open(
    store: TempStore,
    {
      lines = header,
      limits = {},
      scopes = null,
      text = 'Hello\r\n',
    }: {
      readonly lines?: readonly string[];
      readonly limits?: Partial<TestSending['limits']>;
      readonly scopes?: readonly ('mail' | 'send' | 'read-only')[] | null;
      readonly text?: string;
    } = {},
  ): Promise<World> {
    await store.account.messages.append({ name: 'Drafts' }, [newMessage(lines, { flags: SystemFlag.Draft }, text)]);
    const sending = testSending(store, limits);
    const password = scopes === null ? null : { id: 1, scopes };
    const client = new JmapClient(store, jmapLimits, password, 0, {}, sending);
    const identities = await new JmapClient(store).call('Identity/get', { ids: null });
    const { ids } = await new JmapClient(store).call('Email/query', {});
    return new World(store, sending, client, [...identities.list.map(({ id }) => id), ...ids]);
  }

  async set(args: JsonObject): Promise<SetAnswer> {
    return (await this.client.call('EmailSubmission/set', args)) as unknown as SetAnswer;
  }

  /** Submits the draft. @returns what was created, or the type of the refusal. */
  async create(more: JsonObject = {}): Promise<Record<string, unknown> & { readonly id: string }> {
    const { created } = await this.set({ create: { x: this.object(more) } });
    assert.ok(created !== null);
    return created['x'] as Record<string, unknown> & { readonly id: string };
  }

  async refusal(more: JsonObject = {}): Promise<{ readonly type: string } & Record<string, unknown>> {
    const { created, notCreated } = await this.set({ create: { x: this.object(more) } });
    assert.equal(created, null);
    assert.equal((await this.sending.queue.list()).length, 0, 'nothing is queued');
    assert.equal((await this.sending.submissions.list(this.store.account.id, null)).submissions.length, 0);
    return notCreated?.['x'] as { readonly type: string } & Record<string, unknown>;
  }

  object(more: JsonObject = {}): JsonObject {
    return { identityId: this.identity, emailId: this.email, ...more };
  }

  /** Returns the message as it is queued. */
  async queued(): Promise<string> {
    const row = await this.store.databases.server.read((reader) =>
      reader.get<{ prefix: Uint8Array; bytes: Uint8Array }>(
        sql`SELECT m.prefix, c.bytes FROM queue_message AS m JOIN queue_content AS c ON c.message = m.id`,
      ),
    );
    const decoder = new TextDecoder();
    return `${decoder.decode(row?.prefix)}${decoder.decode(row?.bytes)}`;
  }
}

const to = (...emails: readonly string[]): JsonObject => ({
  mailFrom: { email: 'mara@example.org', parameters: null },
  rcptTo: emails.map((email) => ({ email })),
});

test('EmailSubmission/set: without an envelope the header gives it, and what leaves is what submission makes of it', async () => {
  await using store = await tempStore();
  const world = await World.open(store);
  const created = await world.create();
  assert.deepEqual(created['envelope'], {
    mailFrom: { email: 'mara@example.org', parameters: null },
    rcptTo: ['zoe@example.org', 'far@far.example', 'hidden@far.example'].map((email) => ({ email, parameters: null })),
  });
  assert.equal(created['undoStatus'], 'pending');
  assert.deepEqual(created['deliveryStatus'], {
    'zoe@example.org': { smtpReply: '250 2.0.0 waits in the queue', delivered: 'queued', displayed: 'unknown' },
    'far@far.example': { smtpReply: '250 2.0.0 waits in the queue', delivered: 'queued', displayed: 'unknown' },
    'hidden@far.example': { smtpReply: '250 2.0.0 waits in the queue', delivered: 'queued', displayed: 'unknown' },
  });
  const message = await world.queued();
  assert.match(
    message,
    /^Received: from mail\.example\.org \(\[192\.0\.2\.1\]\) by mail\.example\.org with HTTP\s+id id\d;/,
  );
  assert.match(message, /\r\nDate: [^\r]+\r\nMessage-ID: <[0-9a-f]{32}@mail\.example\.org>\r\nFrom: Mara/);
  assert.doesNotMatch(message, /bcc|hidden/i);
  assert.match(message, /\r\n\r\nHello\r\n$/);
  const [item] = await world.sending.queue.list();
  assert.deepEqual([item?.sender, item?.account], ['mara@example.org', store.account.id]);
});

test('EmailSubmission/set: the envelope of the client is used, with its parameters', async () => {
  await using store = await tempStore();
  const world = await World.open(store);
  const envelope = {
    mailFrom: { email: 'team@example.org', parameters: { ENVID: 'a+b = c', ret: 'HDRS', HOLDFOR: '600', SIZE: '100' } },
    rcptTo: [
      { email: 'Far@far.example', parameters: { NOTIFY: 'FAILURE,DELAY', ORCPT: 'rfc822;old+tag@far.example' } },
    ],
  };
  const nowMs = store.clock.now();
  const created = await world.create({ envelope });
  assert.ok(!Object.hasOwn(created, 'envelope'), 'the client knows it');
  assert.equal(created['sendAt'], new Date(nowMs + 600_000).toISOString().replace('.000Z', 'Z'));
  assert.deepEqual(Object.keys(created['deliveryStatus'] as object), ['Far@far.example']);
  const row = await store.databases.server.read((reader) =>
    reader.get<object>(sql`SELECT m.sender, m.envid, m.ret, m.start_ms AS start, r.notify, r.orcpt FROM queue_message AS m
      JOIN queue_recipient AS r ON r.message = m.id`),
  );
  assert.deepEqual(
    { ...row },
    {
      sender: 'team@example.org',
      envid: 'a+b = c',
      ret: 'hdrs',
      start: nowMs + 600_000,
      notify: 12,
      orcpt: 'rfc822;old+2Btag@far.example',
    },
  );
});

for (const [title, lines, identity, want] of [
  [
    'the author of another address than the identity',
    ['From: team@example.org', 'To: a@b.example'],
    'own',
    'mara@example.org',
  ],
  ['any address of the domain', ['From: some@any.example', 'To: a@b.example'], 'any', 'some@any.example'],
  [
    'Sender before From',
    ['From: mara@example.org, zoe@example.org', 'Sender: mara@example.org', 'To: a@b.example'],
    'own',
    'mara@example.org',
  ],
] as const)
  test(`EmailSubmission/set: takes ${title}`, async () => {
    await using store = await tempStore();
    const world = await World.open(store, { lines });
    await world.create({ identityId: identity === 'any' ? world.anyIdentity : world.identity });
    assert.equal((await world.sending.queue.list())[0]?.sender, want);
  });

/** Properties of a submission, the refusal, and the header of the email where it is another. */
const refusals: readonly (readonly [string, JsonObject, JsonObject, (readonly string[])?])[] = [
  ['no such email', { emailId: 'E999' }, { type: 'invalidProperties', properties: ['emailId'] }],
  ['an email that was not created', { emailId: '#nothing' }, { type: 'invalidProperties', properties: ['emailId'] }],
  ['no such identity', { identityId: 'I999' }, { type: 'invalidProperties', properties: ['identityId'] }],
  ['what the server sets', { sendAt: '2026-01-01T00:00:00Z' }, { type: 'invalidProperties', properties: ['sendAt'] }],
  ['no recipients', { envelope: to() }, { type: 'noRecipients' }],
  ['no recipients in the header', {}, { type: 'noRecipients' }, ['From: mara@example.org']],
  [
    'recipients that are no addresses',
    { envelope: to('a@b.example', 'nobody', 'x y@z') },
    { type: 'invalidRecipients', invalidRecipients: ['nobody', 'x y@z'] },
  ],
  [
    'recipients in the header without a domain, as clients see them in the email',
    {},
    { type: 'invalidRecipients', invalidRecipients: ['nodomain', 'two words', 'a@b.example'] },
    ['From: mara@example.org', 'To: nodomain, "two words", "a@b.example", a@b.example'],
  ],
  [
    'recipients that this server does not have',
    { envelope: to('a@b.example', 'none@example.org', 'x@off.example') },
    { type: 'invalidRecipients', invalidRecipients: ['none@example.org', 'x@off.example'] },
  ],
  [
    'too many recipients',
    { envelope: to('a@b.example', 'b@b.example', 'c@b.example', 'd@b.example') },
    { type: 'tooManyRecipients', maxRecipients: 3 },
  ],
  [
    'a reverse-path of others',
    { envelope: { ...to('a@b.example'), mailFrom: { email: 'zoe@example.org' } } },
    { type: 'forbiddenMailFrom' },
  ],
  ['an author of others', { envelope: to('a@b.example') }, { type: 'forbiddenFrom' }, ['From: zoe@example.org']],
  [
    'a sender of others beside an author of ours',
    { envelope: to('a@b.example') },
    { type: 'forbiddenFrom' },
    ['From: mara@example.org', 'Sender: zoe@example.org'],
  ],
  [
    'two From fields',
    { envelope: to('a@b.example') },
    { type: 'invalidEmail' },
    ['From: mara@example.org', 'From : zoe@example.org'],
  ],
  [
    'a From field that is no list of addresses',
    { envelope: to('a@b.example') },
    { type: 'invalidEmail' },
    ['From: <zoe@example.org> <mara@example.org>'],
  ],
  ['a message without an author', { envelope: to('a@b.example') }, { type: 'invalidEmail' }, ['Subject: x']],
  [
    'two authors without an envelope',
    {},
    { type: 'invalidEmail', properties: ['from'] },
    ['From: a@b, c@d', 'To: a@b.example'],
  ],
  [
    'an envelope that is none',
    { envelope: { mailFrom: { email: 'mara@example.org' } } },
    { type: 'invalidProperties', properties: ['envelope'] },
  ],
  [
    'an envelope with more',
    { envelope: { ...to('a@b.example'), x: 1 } },
    { type: 'invalidProperties', properties: ['envelope'] },
  ],
  ...(
    [
      { XYZ: null },
      { AUTH: '<>' },
      { BODY: 'BINARYMIME' },
      { HOLDFOR: '-1' },
      { HOLDFOR: '99999999' },
      { HOLDFOR: '0' },
      { HOLDFOR: '1', HOLDUNTIL: '2027-01-01T00:00:00Z' },
      { HOLDUNTIL: 'tomorrow' },
      { SIZE: '999999999' },
      { 'MT-PRIORITY': '3' },
      { REQUIRETLS: null },
      { RET: 'ALL' },
      { ENVID: 'a\r\nb' },
      { 'ENVID=x RET': 'FULL' },
      { RET: 'FULL HOLDFOR=1' },
      { RET: 5 },
    ] as readonly JsonObject[]
  ).map(
    (parameters) =>
      [
        `parameters ${JSON.stringify(parameters)}`,
        { envelope: { ...to('a@b.example'), mailFrom: { email: 'mara@example.org', parameters } } },
        { type: 'invalidProperties', properties: ['envelope'] },
      ] as const,
  ),
];

test('EmailSubmission/set: refusals', async () => {
  const sameEmail = refusals.filter(([, , , lines]) => lines === undefined);
  const limits = { maxRecipients: 3 };
  const check = async (world: World, [title, more, want]: (typeof refusals)[number]): Promise<void> => {
    const { description, type, ...others } = await world.refusal(more);
    assert.equal(typeof description, 'string', title);
    assert.equal(type, want['type'], title);
    for (const [name, value] of Object.entries(want)) if (name !== 'type') assert.deepEqual(others[name], value, title);
  };
  await using store = await tempStore();
  const world = await World.open(store, { limits });
  for (const refusal of sameEmail) await check(world, refusal);
  for (const refusal of refusals) {
    const [, , , lines] = refusal;
    if (lines === undefined) continue;
    await using other = await tempStore();
    await check(await World.open(other, { limits, lines }), refusal);
  }
});

test('EmailSubmission/set: a large message is refused with the limit', async () => {
  await using store = await tempStore();
  const world = await World.open(store, { limits: { maxMessageBytes: 100 } });
  const { type, maxSize } = await world.refusal();
  assert.deepEqual([type, maxSize], ['tooLarge', 100]);
});

test('EmailSubmission/set: refusals are there for stories, as those of SMTP', async () => {
  await using store = await tempStore();
  const world = await World.open(store);
  await world.refusal({ envelope: to('none@example.org') });
  assert.deepEqual(world.sending.refused, ['RCPT 550 5.1.1 no such user here']);
});

test('EmailSubmission/set: scopes of app passwords', async () => {
  await using store = await tempStore();
  const withoutSend = await World.open(store, { scopes: ['mail'] });
  assert.equal((await withoutSend.refusal()).type, 'forbiddenToSend');
  const session = await withoutSend.client.send('/.well-known/jmap');
  assert.doesNotMatch(
    JSON.stringify((((await session.json()) as JsonObject)['accounts'] as JsonObject)[`A${store.account.id}`]),
    /jmap:submission/,
  );
  const client = new JmapClient(store, jmapLimits, { id: 1, scopes: ['read-only'] });
  const { type } = await client.call('EmailSubmission/set', { create: { x: withoutSend.object() } });
  assert.equal(type, 'accountReadOnly');
  const both = new JmapClient(store, jmapLimits, { id: 1, scopes: ['mail', 'send'] });
  const { created } = await both.call('EmailSubmission/set', { create: { x: withoutSend.object() } });
  assert.ok(created !== null);
});

test('EmailSubmission/set: undo takes the message out of the queue, and cannot be done twice', async () => {
  await using store = await tempStore();
  const world = await World.open(store);
  const held = { ...to('a@b.example'), mailFrom: { email: 'mara@example.org', parameters: { HOLDFOR: '60' } } };
  const { id } = await world.create({ envelope: held });
  const cancel = { update: { [id]: { undoStatus: 'canceled' } } };
  const { notUpdated, oldState, newState } = await world.set(cancel);
  assert.equal(notUpdated, null);
  assert.equal(Number(newState), Number(oldState) + 1);
  assert.deepEqual(
    (await world.sending.queue.list()).map(({ state }) => state),
    ['dropped'],
  );
  const { updated } = await world.client.call('EmailSubmission/changes', { sinceState: oldState });
  assert.deepEqual(updated, [id]);
  assert.equal((await world.set(cancel)).notUpdated, null, 'it is so already');
  const back = await world.set({ update: { [id]: { undoStatus: 'pending' } } });
  assert.equal(back.notUpdated?.[id]?.type, 'invalidProperties');
  const { list } = await world.client.call('EmailSubmission/get', {
    ids: [id],
    properties: ['undoStatus', 'deliveryStatus'],
  });
  assert.deepEqual(list, [
    {
      id,
      undoStatus: 'canceled',
      deliveryStatus: {
        'a@b.example': {
          smtpReply: '550 5.7.0 taken out of the queue before it was delivered',
          delivered: 'no',
          displayed: 'unknown',
        },
      },
    },
  ]);
});

test('EmailSubmission/set: what may have left cannot be taken back, and nothing else can be changed', async () => {
  await using store = await tempStore();
  const world = await World.open(store);
  const { id } = await world.create();
  await store.databases.server.write((tx) => tx.run(sql`UPDATE queue_recipient SET was_leased = 1 WHERE number = 1`));
  const { notUpdated } = await world.set({
    update: { [id]: { undoStatus: 'canceled' }, S99: { undoStatus: 'canceled' } },
  });
  assert.deepEqual([notUpdated?.[id]?.type, notUpdated?.['S99']?.type], ['cannotUnsend', 'notFound']);
  const other = await world.set({ update: { [id]: { sendAt: '2030-01-01T00:00:00Z', identityId: world.identity } } });
  assert.equal(other.notUpdated?.[id]?.type, 'invalidProperties');
});

test('EmailSubmission/set: what follows a success is one call of Email/set, with ids of the same request', async () => {
  await using store = await tempStore();
  const world = await World.open(store);
  const sent = (await store.account.mailboxes.list()).find(({ name }) => name === 'Sent')?.mailbox?.id ?? 0;
  const account = { accountId: `A${store.account.id}` };
  const { body } = await world.client.post(
    JSON.stringify({
      using: ['core', 'mail', 'submission'].map((name) => `urn:ietf:params:jmap:${name}`),
      methodCalls: [
        ['Identity/set', { ...account, create: { me: { email: 'team@example.org' } } }, 'a'],
        [
          'EmailSubmission/set',
          {
            ...account,
            create: { x: world.object({ identityId: '#me' }), y: world.object({ identityId: 'I99' }) },
            onSuccessUpdateEmail: {
              '#x': { 'keywords/$draft': null, mailboxIds: { [`M${sent}`]: true } },
              '#y': { 'keywords/never': true },
            },
          },
          'b',
        ],
        ['Email/get', { ...account, ids: [world.email], properties: ['keywords', 'mailboxIds'] }, 'c'],
      ],
    }),
  );
  const responses = body['methodResponses'] as unknown as [string, Record<string, unknown>, string][];
  assert.deepEqual(
    responses.map(([name, , id]) => `${name} ${id}`),
    ['Identity/set a', 'EmailSubmission/set b', 'Email/set b', 'Email/get c'],
  );
  assert.deepEqual(Object.keys(responses[2]?.[1]['updated'] as object), [world.email]);
  assert.deepEqual(responses[3]?.[1]['list'], [{ id: world.email, keywords: {}, mailboxIds: { [`M${sent}`]: true } }]);
});

test('EmailSubmission/set: the email goes when that is asked for, and the submission keeps its ids', async () => {
  await using store = await tempStore();
  const world = await World.open(store);
  const { created } = await world.set({ create: { x: world.object() }, onSuccessDestroyEmail: ['#x'] });
  const id = created?.['x']?.id ?? '';
  assert.deepEqual((await world.client.call('Email/get', { ids: [world.email] })).notFound, [world.email]);
  const { list } = await world.client.call('EmailSubmission/get', { ids: [id], properties: ['emailId'] });
  assert.deepEqual(list, [{ id, emailId: world.email }]);
  assert.match(await world.queued(), /\r\nHello\r\n$/);
  const destroyed = await world.set({ destroy: [id, 'S99'] });
  assert.deepEqual(Object.keys(destroyed.notDestroyed ?? {}), ['S99']);
  assert.equal((await world.sending.queue.list()).length, 3, 'the message is sent all the same');
});

test('EmailSubmission/set: a call that expects another state sends nothing', async () => {
  await using store = await tempStore();
  const world = await World.open(store);
  const call = { create: { x: world.object() }, ifInState: '0' };
  assert.ok((await world.set(call)).created !== null);
  // Repeated, as by a client that lost the answer.
  assert.equal((await world.set(call)).type, 'stateMismatch');
  assert.equal(new Set((await world.sending.queue.list()).map(({ message }) => message)).size, 1);
});

test('EmailSubmission/set: lines and octets that SMTP does not carry are repaired', async () => {
  await using store = await tempStore();
  const world = await World.open(store, { text: 'Grüße\nzwei\r\nohne Ende' });
  await world.create();
  assert.match(await world.queued(), /\r\n\r\nGr=C3=BC=C3=9Fe\r\nzwei\r\nohne Ende\r\n$/);
});

test('EmailSubmission/query: filters and sorts', async () => {
  await using store = await tempStore();
  const world = await World.open(store);
  const hold = (seconds: string): JsonObject => ({
    envelope: { ...to('a@b.example'), mailFrom: { email: 'mara@example.org', parameters: { HOLDFOR: seconds } } },
  });
  const ids: string[] = [];
  for (const more of [hold('100'), {}, hold('50')]) ids.push((await world.create(more)).id);
  const [late = '', now = '', soon = ''] = ids;
  await world.set({ update: { [late]: { undoStatus: 'canceled' } } });
  const query = async (args: JsonObject): Promise<unknown> =>
    (await world.client.call('EmailSubmission/query', args)).ids;
  assert.deepEqual(await query({}), [soon, now, late]);
  assert.deepEqual(await query({ sort: [{ property: 'sentAt', isAscending: false }] }), [late, soon, now]);
  assert.deepEqual(await query({ sort: [{ property: 'emailId' }, { property: 'threadId' }] }), [soon, now, late]);
  assert.deepEqual(await query({ filter: { undoStatus: 'canceled' } }), [late]);
  assert.deepEqual(await query({ filter: { emailIds: [world.email], identityIds: ['x'] } }), []);
  const { list } = await world.client.call('EmailSubmission/get', { ids: [soon], properties: ['sendAt', 'threadId'] });
  const { sendAt, threadId } = list[0] as unknown as { sendAt: string; threadId: string };
  assert.deepEqual(await query({ filter: { before: sendAt, threadIds: [threadId] } }), [now]);
  assert.deepEqual(await query({ filter: { after: sendAt } }), [soon, late]);
  for (const [args, type] of [
    [{ filter: { x: 1 } }, 'unsupportedFilter'],
    [{ filter: { emailIds: 'E1' } }, 'invalidArguments'],
    [{ sort: [{ property: 'id' }] }, 'unsupportedSort'],
    [{ sort: [{ property: 'sendAt', collation: 'x' }] }, 'unsupportedSort'],
  ] as const)
    assert.equal((await world.client.call('EmailSubmission/query', args)).type, type);
  const changes = await world.client.call('EmailSubmission/queryChanges', { sinceQueryState: '0' });
  assert.equal(changes.type, 'cannotCalculateChanges');
});

test('EmailSubmission/get: notices that the account still has are named', async () => {
  await using store = await tempStore();
  const world = await World.open(store);
  const { id } = await world.create();
  const notice = { message: 1 as never, number: 2, action: 'failed', reply: '550 5.2.2 full' };
  const { server } = store.databases;
  for (const name of ['<n1@x>', '<gone@x>'])
    await server.write((tx) => world.sending.submissions.noticedIn(tx, { ...notice, messageId: name }));
  await server.write((tx) =>
    tx.run(
      sql`UPDATE queue_recipient SET state = 'delivered', last_reply = '250 ok', last_reply_is_smtp = 1, finished_ms = 1`,
    ),
  );
  await store.account.messages.append({ name: 'INBOX' }, [newMessage(['Message-ID: <n1@x>', 'Subject: notice'])]);
  const { list } = await world.client.call('EmailSubmission/get', {
    ids: [id],
    properties: ['dsnBlobIds', 'mdnBlobIds', 'deliveryStatus'],
  });
  const [shown] = list as unknown as [
    {
      dsnBlobIds: string[];
      mdnBlobIds: string[];
      deliveryStatus: Record<string, { delivered: string; smtpReply: string }>;
    },
  ];
  const { ids } = await world.client.call('Email/query', { filter: { subject: 'notice' } });
  assert.deepEqual(shown.dsnBlobIds, [ids[0]?.replace('E', 'B')]);
  assert.deepEqual(shown.mdnBlobIds, []);
  assert.deepEqual(
    Object.values(shown.deliveryStatus).map(({ delivered, smtpReply }) => `${delivered} ${smtpReply}`),
    ['unknown 250 ok', 'no 550 5.2.2 full', 'unknown 250 ok'],
  );
});
