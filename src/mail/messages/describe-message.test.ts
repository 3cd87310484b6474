import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { DescriptionDamaged } from '#lib/message-description';
import { MimeIndexer, type Part } from '#lib/mime';
import { describeMessage, readDescription, readOldStructure } from './index.ts';
import { uidSpans } from './uid-spans.ts';

function indexOf(text: string) {
  const indexer = new MimeIndexer();
  indexer.push(new TextEncoder().encode(text));
  return indexer.finish();
}

test('describeMessage takes keys without NUL, In-Reply-To before References, and the day as written', () => {
  const header = [
    'Subject: Re: [list] Ho\0la',
    'Message-ID: <m\0@x> junk',
    'References: <1@x> <2@x>',
    'In-Reply-To: <3@x>',
    'Date: Thu, 1 Jan 2026 00:30:00 +0200',
  ];
  const description = describeMessage(indexOf(`${header.join('\r\n')}\r\n\r\n`));
  const { baseSubject, isReply, messageId, references, sentDayMs } = description;
  assert.deepEqual(
    { baseSubject, isReply, messageId, references, sentDayMs },
    {
      baseSubject: 'hola',
      isReply: true,
      messageId: 'm@x',
      references: ['3@x', '1@x', '2@x'],
      sentDayMs: Date.UTC(2026, 0, 1),
    },
  );
});

test('describeMessage of an empty message has neither keys nor dates', () => {
  const { messageId, baseSubject, sentDayMs, headerBytes } = describeMessage(indexOf(''));
  assert.deepEqual([messageId, baseSubject, sentDayMs, headerBytes], [null, null, null, 0]);
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

const inner = (part: Part): Part | undefined => part.parts[1]?.message?.root;

test('describeMessage: the description gives the tree back, with all offsets moved by the prefix, which joins the header', () => {
  const { root, envelope, references } = indexOf(nested);
  const { description } = describeMessage(indexOf(nested));
  const same = readDescription(description, 0);
  assert.equal(root.parts.length, 2);
  assert.deepEqual([same.root, same.envelope, same.references], [root, envelope, references]);
  const moved = readDescription(description, 100).root;
  assert.deepEqual([moved.headerStart, moved.bodyStart, moved.end], [0, root.bodyStart + 100, root.end + 100]);
  assert.equal(inner(moved)?.bodyStart, (inner(root)?.bodyStart ?? 0) + 100);
});

test('readDescription finds every changed, missing and added byte', () => {
  const { description } = describeMessage(indexOf(nested));
  for (let at = 0; at < description.length; at++) {
    const changed = description.slice();
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    assert.throws(() => readDescription(changed, 0), DescriptionDamaged);
    assert.throws(() => readDescription(description.subarray(0, at), 0), DescriptionDamaged);
  }
  assert.throws(() => readDescription(Uint8Array.of(...description, 0), 0), DescriptionDamaged);
});

test('readOldStructure reads what older servers stored, and moves it by the prefix', () => {
  const old = `{"o":[0,12,99,5],"t":"multipart","s":"mixed","p":[["boundary","b"]],"c":[{"o":[15,20,30,1],"s":"html","e":"base64",
    "n":["Text","HTML","Base64",null],"i":"<c@x>","x":["attachment",["filename","x"]],"g":["de"]},{"o":[33,40,60,2],"t":"message","s":"rfc822",
    "r":{"e":{"date":null,"subject":"ü","rawSubject":"=?utf-8?q?=C3=BC?="},"p":{"o":[40,50,60,1]}}}]}`;
  const root = readOldStructure(old, 100);
  assert.deepEqual([root.headerStart, root.bodyStart, root.end, root.subtype], [0, 112, 199, 'mixed']);
  const [html] = root.parts;
  assert.deepEqual(
    [html?.headerStart, html?.encoding, html?.spelling?.subtype, html?.disposition, html?.language],
    [115, 'base64', 'HTML', { type: 'attachment', params: [{ name: 'filename', value: 'x' }] }, ['de']],
  );
  assert.equal(inner(root)?.bodyStart, 150);
  assert.equal(root.parts[1]?.message?.envelope.subject, '=?utf-8?q?=C3=BC?=');
  assert.throws(() => readOldStructure(old.slice(1), 0), DescriptionDamaged);
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
