import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { MimeIndexer, type Part } from '#lib/mime';
import { describeMessage, packPart, unpackPart } from './index.ts';
import { uidSpans } from './uid-spans.ts';

function indexOf(text: string) {
  const indexer = new MimeIndexer();
  indexer.push(new TextEncoder().encode(text));
  return indexer.finish();
}

test('describeMessage takes keys without NUL, In-Reply-To before References, and the day as written', () => {
  const header = [
    'From: <A\0nn@Example.ORG>',
    'Subject: Re: [list] Ho\0la',
    'Message-ID: <m\0@x> junk',
    'References: <1@x> <2@x>',
    'In-Reply-To: <3@x>',
    'Date: Thu, 1 Jan 2026 00:30:00 +0200',
  ];
  const description = describeMessage(indexOf(`${header.join('\r\n')}\r\n\r\n`));
  const { fromAddress, fromDomain, baseSubject, isReply, messageId, references, sentDayMs } = description;
  assert.deepEqual(
    { fromAddress, fromDomain, baseSubject, isReply, messageId, references, sentDayMs },
    {
      fromAddress: 'Ann@Example.ORG',
      fromDomain: 'example.org',
      baseSubject: 'hola',
      isReply: true,
      messageId: 'm@x',
      references: ['3@x', '1@x', '2@x'],
      sentDayMs: Date.UTC(2026, 0, 1),
    },
  );
});

test('describeMessage of an empty message has neither keys nor dates', () => {
  const { messageId, baseSubject, fromAddress, sentDayMs, headerBytes } = describeMessage(indexOf(''));
  assert.deepEqual([messageId, baseSubject, fromAddress, sentDayMs, headerBytes], [null, null, null, null, 0]);
});

const nested = [
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'Content-Type: text/html; charset=utf-8',
  'Content-Disposition: attachment; filename="x.html"',
  'Content-ID: <c@x>',
  'Content-Language: de, en',
  '',
  '<p>',
  '--b',
  'Content-Type: message/rfc822',
  '',
  'Subject: inner',
  '',
  'text',
  '--b--',
  '',
].join('\r\n');

test('packPart and unpackPart give the same tree back', () => {
  const { root } = indexOf(nested);
  assert.equal(root.parts.length, 2);
  assert.deepEqual(unpackPart(packPart(root), 0), root);
});

test('unpackPart moves all offsets by the prefix, which joins the header', () => {
  const { root } = indexOf(nested);
  const moved = unpackPart(packPart(root), 100);
  assert.deepEqual([moved.headerStart, moved.bodyStart, moved.end], [0, root.bodyStart + 100, root.end + 100]);
  const inner = (part: Part): Part | undefined => part.parts[1]?.message?.root;
  assert.equal(inner(moved)?.bodyStart, (inner(root)?.bodyStart ?? 0) + 100);
});

test('uidSpans covers exactly the list, in order', () => {
  const list = fc.uniqueArray(fc.integer({ min: 1, max: 3000 }), { maxLength: 2000 });
  fc.assert(
    fc.property(list, fc.integer({ min: 0, max: 200 }), (uids, run) => {
      const all = [...new Set([...uids, ...Array.from({ length: run }, (_, i) => 1000 + i)])].toSorted((a, b) => a - b);
      const covered = uidSpans(all).flatMap((span) =>
        span.kind === 'list' ? span.uids : Array.from({ length: span.to - span.from + 1 }, (_, i) => span.from + i),
      );
      assert.deepEqual(covered, all);
    }),
    { numRuns: 50, seed: 7 },
  );
});

test('uidSpans gives no statement more than 128 messages', () => {
  for (const all of [Array.from({ length: 400 }, (_, i) => 7 + i), Array.from({ length: 400 }, (_, i) => 7 + 2 * i)]) {
    const sizes = uidSpans(all).map((span) => (span.kind === 'run' ? span.to - span.from + 1 : span.uids.length));
    assert.deepEqual(sizes, [128, 128, 128, 16]);
  }
});
