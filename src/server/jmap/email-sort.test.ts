import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JmapClient } from '#testing/jmap-client';
import { newMessage, tempStore } from '#testing/temp-store';

/** Messages by a letter, which is at the end of what their headers say. */
const messages: readonly (readonly [string, readonly string[]])[] = [
  [
    'a',
    [
      'Subject: Re: [list] Zebra',
      'From: =?utf-8?q?=C3=89mile?= <z@example.org>',
      'To: b@example.org, a@example.org',
      'Date: Thu, 1 Jan 2026 10:00:00 +0200',
    ],
  ],
  [
    'b',
    [
      'Subject: apple',
      'From: Adam <x@example.org>, Aaron <a@example.org>',
      'To: "" <A@example.org>',
      'Date: Thu, 1 Jan 2026 08:30:00 +0000',
    ],
  ],
  ['c', ['Subject: =?utf-8?q?=C3=84pfel?=', 'From: bert@example.org', 'Date: Thu, 1 Jan 2026 07:00:00 -0200']],
  ['d', ['Subject: Fwd: banana', 'From: zoe@example.org', 'To: c@example.org']],
];

for (const [sort, want] of [
  [[{ property: 'subject' }], 'bcda'],
  [[{ property: 'subject', isAscending: false }], 'adcb'],
  [[{ property: 'subject', collation: 'i;ascii-casemap' }], 'bdac'],
  [[{ property: 'from' }], 'bcad'],
  [[{ property: 'from', collation: 'i;octet' }], 'bcda'],
  [[{ property: 'to' }], 'cbad'],
  [[{ property: 'sentAt' }], 'dabc'],
  [[{ property: 'sentAt', collation: 'i;octet', isAscending: false }], 'cbad'],
  [[{ property: 'size', isAscending: false }, { property: 'from' }], null],
] as const)
  test(`Email/query sorts by ${JSON.stringify(sort)}`, async () => {
    await using store = await tempStore();
    await store.account.messages.append(
      { name: 'INBOX' },
      messages.map(([, header]) => newMessage(header)),
    );
    const client = new JmapClient(store);
    const created = (await client.call('Email/query', {})).ids.toReversed();
    const query = async (): Promise<string> => {
      const { ids } = await client.call('Email/query', { sort: sort });
      return ids.map((id) => messages[created.indexOf(id)]?.[0]).join('');
    };
    const first = await query();
    if (want !== null) assert.equal(first, want);
    assert.equal(await query(), first, 'with the keys that are kept');
    assert.equal(first.length, 4);
  });

for (const [sort, type] of [
  [[{ property: 'subject', collation: 'i;unknown' }], 'unsupportedSort'],
  [[{ property: 'smell' }], 'unsupportedSort'],
  [[{ property: 'hasKeyword' }], 'invalidArguments'],
  ['subject', 'invalidArguments'],
] as const)
  test(`Email/query: sort ${JSON.stringify(sort)} is refused`, async () => {
    await using store = await tempStore();
    assert.equal((await new JmapClient(store).call('Email/query', { sort: sort })).type, type);
  });
