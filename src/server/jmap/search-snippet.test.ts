import assert from 'node:assert/strict';
import { test } from 'node:test';
import { jmapLimits } from '#lib/jmap';
import { JmapClient } from '#testing/jmap-client';
import { newMessage, tempStore } from '#testing/temp-store';

const html =
  '<html><head><title>t</title></head><body class="zebra"><p>A <b>striped</b> &lt;zebra&gt; &amp; more</p></body></html>';

const messages = [
  newMessage(['Subject: =?utf-8?q?Caf=C3=A9?= <zebra> & co'], {}, 'nothing here\r\n'),
  newMessage(['Subject: plain'], {}, 'Some lines of text before a ZEBRA\r\ncrosses the road.\r\n'),
  newMessage(['Subject: html', 'Content-Type: text/html; charset=utf-8'], {}, html),
  newMessage(
    ['Subject: =?utf-8?q?zebra?=', 'Content-Type: text/plain; charset=utf-8', 'Content-Transfer-Encoding: base64'],
    {},
    `${Buffer.from('日本語のzebra').toString('base64')}\r\n`,
  ),
];

for (const [filter, want] of [
  [
    { text: 'zebra' },
    [
      ['Café &lt;<mark>zebra</mark>&gt; &amp; co', null],
      [null, 'Some lines of text before a <mark>ZEBRA</mark> crosses the road.'],
      [null, 'A striped &lt;<mark>zebra</mark>&gt; &amp; more'],
      ['<mark>zebra</mark>', '日本語の<mark>zebra</mark>'],
    ],
  ],
  [
    { subject: 'CAFÉ' },
    [
      ['<mark>Café</mark> &lt;zebra&gt; &amp; co', null],
      [null, null],
      [null, null],
      [null, null],
    ],
  ],
  [
    { body: '"a zebra crosses"' },
    [
      [null, null],
      [null, 'Some lines of text before <mark>a ZEBRA crosses</mark> the road.'],
      [null, null],
      [null, null],
    ],
  ],
  [
    { operator: 'AND', conditions: [{ text: 'striped more' }, { operator: 'NOT', conditions: [{ text: 'zebra' }] }] },
    [
      [null, null],
      [null, null],
      [null, 'A <mark>striped</mark> &lt;zebra&gt; &amp; <mark>more</mark>'],
      [null, null],
    ],
  ],
  [
    { from: 'zebra' },
    [
      [null, null],
      [null, null],
      [null, null],
      [null, null],
    ],
  ],
  [
    null,
    [
      [null, null],
      [null, null],
      [null, null],
      [null, null],
    ],
  ],
] as const)
  test(`SearchSnippet/get for ${JSON.stringify(filter)}`, async () => {
    await using store = await tempStore();
    const client = new JmapClient(store);
    await store.account.messages.append({ name: 'INBOX' }, messages);
    const sort = [{ property: 'receivedAt' }];
    const { ids } = await client.call('Email/query', { sort });
    const inOrder = ids.toReversed();
    const answer = await client.call('SearchSnippet/get', { filter: filter, emailIds: inOrder });
    assert.deepEqual(
      answer.list,
      want.map(([subject, preview], i) => ({ emailId: inOrder[i], subject, preview })),
    );
    assert.equal(answer.notFound, null);
  });

test('SearchSnippet/get: emails that are not there, too many of them, and filters that are none', async () => {
  await using store = await tempStore();
  const client = new JmapClient(store, { ...jmapLimits, maxObjectsInGet: 2 });
  await store.account.messages.append({ name: 'INBOX' }, messages.slice(0, 1));
  const { ids } = await client.call('Email/query', {});
  const answer = await client.call('SearchSnippet/get', { filter: { text: 'co' }, emailIds: [ids[0] ?? '', 'E999'] });
  assert.deepEqual(answer.notFound, ['E999']);
  assert.equal(answer.list.length, 1);
  const tooMany = await client.call('SearchSnippet/get', { filter: null, emailIds: ['E1', 'E2', 'E3'] });
  assert.equal(tooMany.type, 'requestTooLarge');
  const unknown = await client.call('SearchSnippet/get', { filter: { smell: 'sweet' }, emailIds: [] });
  assert.equal(unknown.type, 'unsupportedFilter');
});
