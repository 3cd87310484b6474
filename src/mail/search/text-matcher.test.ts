import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MimeIndexer } from '#lib/mime';
import { FakeLoop } from '#testing/fake-loop';
import { FieldKind } from '#mail/header-cache';
import { needleOf, searchColumn, searchLimits, TextMatcher } from './index.ts';
import type { SearchedMessage } from './text-matcher.ts';

const loop = new FakeLoop();

const notice = [
  'Subject: Undelivered =?utf-8?q?gr=C3=BC=C3=9Fe?=',
  'Content-Type: multipart/report; boundary=b',
  '',
  '--b',
  'Content-Type: text/plain',
  '',
  'It could not be',
  'delivered.',
  '--b',
  'Content-Type: message/delivery-status',
  '',
  'Final-Recipient: rfc822; gone@example.org',
  '--b',
  'Content-Type: message/rfc822',
  '',
  'Subject: inside',
  '',
  'inner text',
  '--b',
  'Content-Type: application/octet-stream',
  '',
  'no text',
  '--b--',
  '',
].join('\r\n');

const rows: readonly (readonly [string, 'body' | 'text', boolean])[] = [
  ['could not be delivered', 'body', true],
  ['GONE@example.org', 'body', true],
  ['subject: inside', 'body', true],
  ['inner text', 'body', true],
  ['no text', 'body', false],
  ['Grüße', 'body', false],
  ['Grüße', 'text', true],
];

for (const [value, kind, expected] of rows) {
  test(`TextMatcher: ${kind} ${value}: ${expected ? 'found' : 'not found'}`, async () => {
    const bytes = new TextEncoder().encode(notice);
    const indexer = new MimeIndexer();
    indexer.push(bytes);
    const { root } = indexer.finish();
    const header = bytes.subarray(root.headerStart, root.bodyStart);
    const message = { header, root, bytes: (start: number, end: number) => bytes.subarray(start, end) };
    assert.deepEqual(await new TextMatcher([{ kind, value }], loop).match(message), [expected]);
  });
}

test('TextMatcher looks at so many bytes of a header, of a message inside and of a part, and at no more', async () => {
  const limits = { ...searchLimits, maxHeaderBytes: 60, maxPartBytes: 40 };
  const pad = `X-Pad: ${'.'.repeat(50)}`;
  const text = `Subject: early\r\n${pad}\r\nSubject: late\r\n\r\nfirst ${'.'.repeat(50)} second\r\n`;
  const whole = `Content-Type: message/rfc822\r\n\r\n${text}`;
  const found = async (message: string, kind: 'body' | 'text', value: string): Promise<boolean> => {
    const bytes = new TextEncoder().encode(message);
    const indexer = new MimeIndexer();
    indexer.push(bytes);
    const { root } = indexer.finish();
    const matcher = new TextMatcher([{ kind, value }], loop, limits);
    const read = {
      header: bytes.subarray(0, root.bodyStart),
      root,
      bytes: (a: number, b: number) => bytes.subarray(a, b),
    };
    return (await matcher.match(read))[0] === true;
  };
  for (const [value, want] of [
    ['early', true],
    ['late', false],
    ['first', true],
    ['second', false],
  ] as const) {
    assert.equal(await found(text, 'text', value), want, value);
    assert.equal(await found(whole, 'body', value), want, `${value} inside`);
  }
});

/** A part of one type with many lines around what is looked for. */
function longMessage(type: string, charset: string, text: Uint8Array): SearchedMessage {
  const head = `Subject: long\r\nMIME-Version: 1.0\r\nContent-Type: ${type}; charset=${charset}\r\n\r\n`;
  const bytes = Buffer.concat([Buffer.from(head), text]);
  const indexer = new MimeIndexer();
  indexer.push(bytes);
  const { root } = indexer.finish();
  return { header: bytes.subarray(0, head.length), root, bytes: (start, end) => bytes.subarray(start, end) };
}

const filler = Buffer.from('some words of a line that is like all others\n'.repeat(2500));
for (const [type, charset, encoded, value] of [
  ['text/plain', 'utf-8', Buffer.from('Zebra\n   Crossing ahead'), 'zebra crossing AHEAD'],
  ['text/plain', 'utf-8', Buffer.from(`Zebra${' '.repeat(9000)}Crossing`), 'zebra crossing'],
  ['text/plain', 'utf-8', Buffer.from('caf\u0065\u0301 über alles'), 'café Über'],
  ['text/plain', 'iso-8859-1', Buffer.from('café über alles', 'latin1'), 'CAFÉ über'],
  ['text/plain', 'shift_jis', Buffer.of(0x93, 0xfa, 0x96, 0x7b, 0x8c, 0xea), '日本語'],
  ['text/html', 'utf-8', Buffer.from('Zeb<b>ra</b> &uuml;ber die <i>Stra</i>&szlig;e'), 'zebra über die straße'],
] as const) {
  test(`TextMatcher finds ${JSON.stringify(value)} wherever it stands in a long part of ${type} in ${charset}`, async () => {
    const step = Math.ceil(encoded.length / 24);
    for (const boundary of [32_768, 65_536, 98_304]) {
      for (let before = 0; before <= encoded.length; before += step) {
        const text = Buffer.concat([filler.subarray(0, boundary - before), encoded, filler.subarray(0, 40_000)]);
        const message = longMessage(type, charset, text);
        const matcher = new TextMatcher([{ kind: 'body', value }], loop);
        assert.deepEqual(await matcher.match(message), [true], `${before} bytes before ${boundary}`);
      }
    }
    const missing = new TextMatcher([{ kind: 'body', value: `${value} but not this` }], loop);
    assert.deepEqual(await missing.match(longMessage(type, charset, Buffer.concat([filler, encoded]))), [false]);
  });
}

test('TextMatcher lets others have the loop while it reads a long text', async () => {
  const counting = new FakeLoop();
  const message = longMessage('text/html', 'utf-8', Buffer.from('<p>text</p>\n'.repeat(100_000)));
  const [found] = await new TextMatcher([{ kind: 'body', value: 'zebra' }], counting).match(message);
  assert.equal(found, false);
  assert.ok(counting.pauses >= 150, `${counting.pauses} pauses`);
});

const longHeaders = [
  [
    'one field of encoded words',
    `Subject: ${'=?utf-8?q?gr=C3=BC=C3=9Fe?=\r\n '.repeat(8000)}=?utf-8?q?z=C3=A9bra?=\r\n`,
  ],
  ['words in many charsets', `Subject: ${'=?gbk?b?w6k=?= =?big5?b?w6k=?= '.repeat(7000)}=?utf-8?q?z=C3=A9bra?=\r\n`],
  [
    'a list of addresses',
    `To: ${'=?utf-8?q?=C3=A9t=C3=A9?= <a@b.example>,\r\n '.repeat(5500)}=?utf-8?q?z=C3=A9bra?= <z@b.example>\r\n`,
  ],
  ['many fields', `${'X: =?utf-8?q?=C3=A9?=\r\n'.repeat(9000)}Subject: =?utf-8?q?z=C3=A9bra?=\r\n`],
] as const;

for (const [what, header] of longHeaders) {
  test(`TextMatcher lets others have the loop while it decodes ${what}, and finds its end`, async () => {
    const bytes = Buffer.from(`${header}\r\n`);
    assert.ok(bytes.length > 180_000 && bytes.length <= 256 * 1024, `${bytes.length}`);
    for (const [value, isFound] of [
      ['zébra', true],
      ['gnu', false],
    ] as const) {
      const counting = new FakeLoop();
      const message = { header: bytes, root: null, bytes: () => new Uint8Array(0) };
      const [found] = await new TextMatcher([{ kind: 'text', value }], counting).match(message);
      assert.equal(found, isFound);
      assert.ok(counting.pauses >= 80, `${counting.pauses} pauses`);
    }
  });
}

test('searchColumn decodes a few KiB of fields at a time', () => {
  const field = Buffer.from(`Subject: ${'=?utf-8?q?gr=C3=BC=C3=9Fe?=\r\n '.repeat(400)}\r\n`);
  const count = 16;
  const column = {
    bytes: Buffer.concat(Array.from({ length: count }, () => field)),
    offsets: Uint32Array.from({ length: count + 1 }, (_, i) => i * field.length),
    kinds: new Uint8Array(count).fill(FieldKind.Other),
  };
  const matches = new Uint8Array(count);
  const pieces = [...searchColumn(column, needleOf('grüße'), new Uint8Array(count).fill(1), matches)];
  assert.equal(pieces.length, 1 + count);
  assert.ok(matches.every((match) => match === 1));
});
