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
