import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { jmapLimits, type JsonObject, type JsonValue } from '#lib/jmap';
import { JmapClient } from '#testing/jmap-client';
import { tempStore, type TempStore } from '#testing/temp-store';

interface SetAnswer {
  readonly oldState: string;
  readonly newState: string;
  readonly created: Readonly<Record<string, { id: string; blobId: string; threadId: string; size: number }>> | null;
  readonly notCreated: Readonly<Record<string, { type: string; notFound?: string[] }>> | null;
}

async function mailboxIdsOf({ account }: TempStore, ...names: string[]): Promise<JsonObject> {
  const mailboxes = await account.mailboxes.byNames(names);
  return Object.fromEntries(mailboxes.map((mailbox) => [`M${mailbox?.id ?? 0}`, true]));
}

async function create(client: JmapClient, emails: JsonObject): Promise<SetAnswer> {
  return (await client.call('Email/set', { create: emails })) as unknown as SetAnswer;
}

async function upload(client: JmapClient, store: TempStore, body: string | Uint8Array<ArrayBuffer>): Promise<string> {
  const response = await client.send(`/jmap/upload/A${store.account.id}`, { method: 'POST', body });
  return ((await response.json()) as { blobId: string }).blobId;
}

/** Text without control characters, in Normalization Form C, as header fields give it back. */
const headerText = fc
  .string({ unit: fc.constantFrom(...Array.from('abc XYZ.,;:<>"\\()@=?_äß日本🎉é')), maxLength: 90 })
  .map((text) => text.normalize('NFC'));
const trimmed = headerText.map((text) => text.trim());
const word = fc.string({ unit: fc.constantFrom(...Array.from('abcdefgh-_+09')), minLength: 1, maxLength: 12 });
const email = fc.oneof(
  fc.tuple(word, word).map(([local, domain]) => `${local}@${domain.replaceAll(/[_+]/g, 'x')}.example`),
  // Half written.
  fc.constantFrom('ann', 'ann@', '@example.org', 'ann b', 'a@b c', 'a,b@c d', 'a"b', '<a', 'a;b:c'),
);
const address = fc.record({ name: fc.option(trimmed.filter((name) => name !== '')), email });
const addresses = fc.array(address, { minLength: 1, maxLength: 4 });
const messageIds = fc
  .array(fc.tuple(word, word), { minLength: 1, maxLength: 5 })
  .map((ids) => ids.map(([left, right]) => `${left}@${right}`));
const date = fc
  .tuple(fc.integer({ min: 0, max: 4_000_000_000 }), fc.integer({ min: -720, max: 840 }))
  .map(([seconds, offset]) => {
    const local = new Date((seconds + offset * 60) * 1000).toISOString().slice(0, 19);
    const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60];
    const zone = `${offset < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}:${String(minutes).padStart(2, '0')}`;
    return offset === 0 ? `${local}Z` : `${local}${zone}`;
  });
const bodyText = fc.string({
  unit: fc.constantFrom(
    'a',
    'b',
    ' ',
    '\n',
    '\t',
    '.',
    '=',
    '-',
    '--b',
    'From ',
    'ä',
    '日本',
    '🎉',
    '\0',
    '\r',
    'x'.repeat(300),
  ),
  maxLength: 60,
});
/** A CR before LF is part of one line break. */
const lines = bodyText.map((text) => text.replaceAll(/\r+\n/g, '\n').replace(/^\uFEFF/, ''));
const fileName = trimmed.filter((name) => name !== '' && !name.includes('=?'));
const file = fc.record({
  name: fc.option(fileName),
  type: fc.constantFrom('application/pdf', 'image/png', 'text/csv', 'application/octet-stream'),
  content: fc.uint8Array({ maxLength: 200 }),
  cid: fc.option(word),
});

const newEmail = fc.record(
  {
    from: addresses,
    to: addresses,
    cc: addresses,
    bcc: addresses,
    sender: addresses,
    replyTo: addresses,
    subject: headerText,
    messageId: messageIds.map(([id = 'a@b']) => [id]),
    inReplyTo: messageIds,
    references: messageIds,
    sentAt: date,
    'header:X-Text:asText': headerText,
    'header:Comments:asText:all': fc.array(headerText, { minLength: 1, maxLength: 3 }),
    'header:X-Raw': trimmed.map((text) => ` ${text}`),
    'header:List-Unsubscribe:asURLs': fc.array(
      word.map((name) => `https://example.org/${name}`),
      { minLength: 1 },
    ),
    'header:Resent-To:asGroupedAddresses': fc
      .tuple(
        trimmed.filter((name) => name !== ''),
        addresses,
      )
      .map(([name, members]) => [{ name, addresses: members }]),
    text: lines,
    html: lines,
    files: fc.array(file, { maxLength: 3 }),
  },
  { requiredKeys: ['messageId', 'sentAt'] },
);

test('Email/set: Email/get gives back the properties of which an email was created', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store);
  const mailboxIds = await mailboxIdsOf(store, 'Drafts');
  const check = fc.asyncProperty(newEmail, async ({ text, html, files = [], ...others }) => {
    const headers = JSON.parse(JSON.stringify(others)) as JsonObject;
    const attachments: JsonObject[] = [];
    for (const { name, type, content, cid } of files)
      attachments.push({
        blobId: await upload(client, store, new Uint8Array(content)),
        type,
        name,
        cid,
        disposition: 'attachment',
      });
    const body = {
      bodyValues: { t: { value: text ?? '' }, h: { value: html ?? '' } },
      ...(text !== undefined && { textBody: [{ partId: 't', type: 'text/plain' }] }),
      ...(html !== undefined && { htmlBody: [{ partId: 'h', type: 'text/html' }] }),
      attachments,
    };
    const answer = await create(client, { k: { mailboxIds, ...headers, ...body } });
    const id = answer.created?.['k']?.id ?? assert.fail(JSON.stringify(answer.notCreated));
    const names = Object.keys(headers);
    const { list } = await client.call('Email/get', {
      ids: [id],
      properties: [...names, 'textBody', 'htmlBody', 'attachments', 'bodyValues'],
      bodyProperties: ['partId', 'blobId', 'type', 'name', 'cid', 'disposition'],
      fetchAllBodyValues: true,
    });
    const got = (list[0] ?? assert.fail()) as unknown as JsonObject & {
      readonly textBody: readonly { partId: string; type: string }[];
      readonly htmlBody: readonly { partId: string; type: string }[];
      readonly attachments: readonly (JsonObject & { blobId: string })[];
      readonly bodyValues: Readonly<Record<string, { value: string; isEncodingProblem: boolean }>>;
    };
    for (const name of names) assert.deepEqual(got[name], headers[name], name);
    const shown = (parts: readonly { partId: string; type: string }[], type: string): string | undefined => {
      const value = got.bodyValues[parts.find((part) => part.type === type)?.partId ?? ''];
      assert.notEqual(value?.isEncodingProblem, true);
      return value?.value;
    };
    assert.equal(
      shown(got.textBody, 'text/plain'),
      text ?? (html === undefined && files.length === 0 ? '' : undefined),
    );
    assert.equal(shown(got.htmlBody, 'text/html'), html);
    assert.deepEqual(
      got.attachments.map(({ type, name, cid, disposition }) => ({ type, name, cid, disposition }) as JsonObject),
      files.map(({ type, name, cid }) => ({ type, name, cid, disposition: 'attachment' })),
    );
    for (const [i, { blobId }] of got.attachments.entries()) {
      const response = await client.send(`/jmap/download/A${store.account.id}/${blobId}/f`);
      assert.deepEqual(new Uint8Array(await response.arrayBuffer()), new Uint8Array(files[i]?.content ?? []));
    }
  });
  await fc.assert(check, { numRuns: 60, seed: 8621 });
});

test('Email/set: a structure is kept as it is given, with blobs of uploads, messages and parts', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store);
  const mailboxIds = await mailboxIdsOf(store, 'Drafts');
  const ics = await upload(client, store, 'BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n');
  const latin1 = await upload(client, store, Uint8Array.from([0xe4, 0x0d, 0x0a]));
  const inner = await upload(client, store, 'Subject: inner\r\n\r\nünner\r\n');
  const bodyStructure = {
    type: 'multipart/mixed',
    'header:X-Root:asText': 'root',
    subParts: [
      {
        type: 'text/plain; format=flowed',
        partId: 'a',
        language: ['de', 'en'],
        'header:X-Part:asText': 'pärt',
        'header:constructor': ' x',
      },
      { 'header:Content-Type': 'text/calendar; method=REQUEST', blobId: ics },
      { type: 'text/plain', charset: 'iso-8859-1', blobId: latin1, location: 'https://example.org/a' },
      { type: 'message/rfc822', blobId: inner, 'header:Content-Disposition': 'attachment; filename="i.eml"' },
      { type: 'multipart/digest', subParts: [{ type: 'message/rfc822', blobId: inner }] },
    ],
  };
  const answer = await create(client, { k: { mailboxIds, bodyStructure, bodyValues: { a: { value: 'tëxt ' } } } });
  const { id } = answer.created?.['k'] ?? assert.fail(JSON.stringify(answer.notCreated));
  const { list } = await client.call('Email/get', {
    ids: [id],
    properties: ['bodyStructure', 'header:X-Root:asText', 'header:Date:all', 'header:Message-ID:asMessageIds'],
    bodyProperties: ['type', 'charset', 'name', 'language', 'location', 'header:X-Part:asText', 'header:Content-Type'],
  });
  const got = list[0] as unknown as JsonObject;
  const { subParts } = got['bodyStructure'] as { subParts: JsonObject[] };
  const part = { name: null, language: null, location: null, 'header:X-Part:asText': null };
  const utf8Text = ' text/plain; charset=utf-8; format=flowed';
  assert.deepEqual(subParts.slice(0, 4), [
    {
      ...part,
      type: 'text/plain',
      charset: 'utf-8',
      language: ['de', 'en'],
      'header:X-Part:asText': 'pärt',
      'header:Content-Type': utf8Text,
    },
    { ...part, type: 'text/calendar', charset: 'us-ascii', 'header:Content-Type': ' text/calendar; method=REQUEST' },
    {
      ...part,
      type: 'text/plain',
      charset: 'iso-8859-1',
      location: 'https://example.org/a',
      'header:Content-Type': ' text/plain; charset=iso-8859-1',
    },
    { ...part, type: 'message/rfc822', charset: null, name: 'i.eml', 'header:Content-Type': ' message/rfc822' },
  ]);
  assert.equal(got['header:X-Root:asText'], 'root');
  assert.equal((got['header:Date:all'] as JsonValue[]).length, 1);
  assert.match((got['header:Message-ID:asMessageIds'] as string[])[0] ?? '', /^[0-9a-f]{32}@mail\.example$/);
});

test('Email/set: created mailboxes and uploads are named by their creation ids, and new emails by theirs', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store);
  const accountId = `A${store.account.id}`;
  const blob = await upload(client, store, 'a');
  const { body } = await client.post(
    JSON.stringify({
      using: ['urn:ietf:params:jmap:core', 'urn:ietf:params:jmap:mail'],
      createdIds: { file: blob },
      methodCalls: [
        ['Mailbox/set', { accountId, create: { box: { name: 'New' } } }, '0'],
        [
          'Email/set',
          { accountId, create: { k: { mailboxIds: { '#box': true }, attachments: [{ blobId: '#file' }] } } },
          '1',
        ],
        ['Email/set', { accountId, update: { '#k': { 'keywords/$flagged': true } } }, '2'],
        ['Email/query', { accountId, filter: { hasKeyword: '$flagged' } }, '3'],
      ],
    }),
  );
  const { createdIds, methodResponses } = body as unknown as {
    createdIds: Record<string, string>;
    methodResponses: [string, { ids: string[] }][];
  };
  assert.deepEqual(methodResponses[3]?.[1].ids, [createdIds['k']]);
});

test('Email/set: creations, updates and removals of one call are one transaction', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store);
  const mailboxIds = await mailboxIdsOf(store, 'Drafts', 'Archive');
  const first = await create(client, { a: { mailboxIds }, b: { mailboxIds } });
  const [a, b] = [first.created?.['a']?.id ?? '', first.created?.['b']?.id ?? ''];
  const hints: string[] = [];
  using _ = store.bus.subscribe(`account:${store.account.id}`, () => hints.push('hint'));
  // A draft that is saved again replaces the one before.
  const answer = (await client.call('Email/set', {
    ifInState: first.newState,
    create: { c: { mailboxIds } },
    update: { [b]: { 'keywords/$flagged': true } },
    destroy: [a],
  })) as unknown as SetAnswer;
  assert.equal(answer.oldState, first.newState);
  const changes = await client.call('Email/changes', { sinceState: first.newState });
  assert.deepEqual(
    [changes.created, changes.updated, changes.destroyed, changes.state],
    [[answer.created?.['c']?.id], [b], [a], undefined],
  );
  assert.deepEqual(hints, ['hint']);
});

test('Email/set: what is too much for an email, a call, the account or its quota is not created', async () => {
  await using store = await tempStore();
  const limits = { ...jmapLimits, maxSizeAttachmentsPerEmail: 100, maxSizeComposed: 250 };
  const client = new JmapClient(store, limits);
  const mailboxIds = await mailboxIdsOf(store, 'Drafts');
  const blobId = await upload(client, store, 'x'.repeat(60));
  const attachments = [{ blobId }];
  const tiny = await upload(client, store, 'x');
  const text = (value: string): JsonObject => ({ textBody: [{ partId: 'a' }], bodyValues: { a: { value } } });
  const types = (answer: SetAnswer): Record<string, string> =>
    Object.fromEntries(Object.entries(answer.notCreated ?? {}).map(([name, { type }]) => [name, type]));
  assert.deepEqual(
    types(
      await create(client, {
        'header of a part': { mailboxIds, attachments: [{ blobId, 'header:X-Long': ' x'.repeat(132_000) }] },
        'headers of parts': {
          mailboxIds,
          attachments: Array.from({ length: 20 }, () => ({ blobId: tiny, 'header:X-Long': ' x'.repeat(120_000) })),
        },
        fits: { mailboxIds, attachments, ...text('x'.repeat(140)) },
        files: { mailboxIds, attachments: [...attachments, ...attachments] },
        call: { mailboxIds, ...text('x'.repeat(51)) },
        rest: { mailboxIds, ...text('x'.repeat(50)) },
        header: { mailboxIds, 'header:X-Long': ' x'.repeat(132_000) },
        'file name': { mailboxIds, attachments: [{ blobId, name: 'x'.repeat(1001) }] },
        cid: { mailboxIds, attachments: [{ blobId, cid: 'x'.repeat(251) }] },
        location: { mailboxIds, attachments: [{ blobId, location: `https://${'x'.repeat(900)}` }] },
        type: { mailboxIds, attachments: [{ blobId, type: `text/${'x'.repeat(128)}` }] },
        parameter: { mailboxIds, attachments: [{ blobId, type: `text/x; ${'x'.repeat(1000)}=y` }] },
        disposition: { mailboxIds, attachments: [{ blobId, disposition: 'x'.repeat(1000) }] },
        line: { mailboxIds, 'header:X-Long': 'x'.repeat(999) },
        words: { mailboxIds, 'header:X-Long': ' x'.repeat(999) },
        name: { mailboxIds, [`header:${'x'.repeat(201)}`]: 'y' },
        parts: { mailboxIds, attachments: Array.from({ length: 1001 }, () => ({ blobId })) },
        keywords: { mailboxIds, keywords: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`k${i}`, true])) },
      }),
    ),
    {
      files: 'tooLarge',
      call: 'rateLimit',
      header: 'tooLarge',
      'header of a part': 'tooLarge',
      'headers of parts': 'tooLarge',
      'file name': 'invalidProperties',
      cid: 'invalidProperties',
      location: 'invalidProperties',
      type: 'invalidProperties',
      parameter: 'invalidProperties',
      disposition: 'invalidProperties',
      line: 'invalidProperties',
      name: 'invalidProperties',
      parts: 'tooLarge',
      keywords: 'tooManyKeywords',
    },
  );
  const poor = new JmapClient(store, jmapLimits, null, (await store.account.mailboxes.sizeBytes()) + 600);
  const over = types(
    await create(poor, {
      one: { mailboxIds, ...text('x'.repeat(300)) },
      two: { mailboxIds, ...text('x'.repeat(300)) },
      empty: { mailboxIds },
    }),
  );
  assert.deepEqual(over, { two: 'overQuota', empty: 'overQuota' });
});

test('Email/set: keywords of new emails count among those of the account', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store);
  const mailboxIds = await mailboxIdsOf(store, 'Drafts');
  const many = (from: number): JsonObject =>
    Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`k${from * 100 + i}`, true]));
  const filled = await create(
    client,
    Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`e${i}`, { mailboxIds, keywords: many(i) }])),
  );
  assert.equal(filled.notCreated, null);
  const answer = await create(client, {
    known: { mailboxIds, keywords: { k1: true, $seen: true } },
    new: { mailboxIds, keywords: { other: true } },
  });
  assert.deepEqual(Object.keys(answer.created ?? {}), ['known']);
  assert.equal(answer.notCreated?.['new']?.type, 'tooManyKeywords');
});
