import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MimeIndexer } from '#lib/mime';
import { TextMatcher } from './index.ts';

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
    assert.deepEqual(await new TextMatcher([{ kind, value }]).match(message), [expected]);
  });
}

test('TextMatcher looks at so many bytes of a header, of a message inside and of a part, and at no more', async () => {
  const limits = { maxHeaderBytes: 60, fallbackCharset: 'windows-1252', maxPartBytes: 40 };
  const pad = `X-Pad: ${'.'.repeat(50)}`;
  const text = `Subject: early\r\n${pad}\r\nSubject: late\r\n\r\nfirst ${'.'.repeat(50)} second\r\n`;
  const whole = `Content-Type: message/rfc822\r\n\r\n${text}`;
  const found = async (message: string, kind: 'body' | 'text', value: string): Promise<boolean> => {
    const bytes = new TextEncoder().encode(message);
    const indexer = new MimeIndexer();
    indexer.push(bytes);
    const { root } = indexer.finish();
    const matcher = new TextMatcher([{ kind, value }], limits);
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
