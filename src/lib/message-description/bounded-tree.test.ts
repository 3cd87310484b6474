import assert from 'node:assert/strict';
import { test } from 'node:test';
import { writeBodyStructure } from '#lib/imap';
import { MimeIndexer, type Part } from '#lib/mime';
import { decodeDescription, encodeDescription } from './index.ts';
import { descriptionLimits } from './limits.ts';

const none = { bytes: new Uint8Array(0), isPlain: true };

function stored(text: string): { readonly given: Part; readonly sizeBytes: number; readonly root: Part } {
  const indexer = new MimeIndexer();
  indexer.push(new TextEncoder().encode(text));
  const given = indexer.finish().root;
  const bytes = encodeDescription(none, given);
  return { given, sizeBytes: bytes.length, root: decodeDescription(bytes, 0).root };
}

/** A multipart whose parts have these fields. */
function multipart(count: number, fields: string, body = 'aGk='): string {
  const parts = Array.from({ length: count }, () => `--b\r\n${fields}\r\n\r\n${body}\r\n`).join('');
  return `Content-Type: multipart/mixed; boundary=b\r\n\r\n${parts}--b--\r\n`;
}

function places({ headerStart, bodyStart, end, encoding, type, subtype, parts }: Part): unknown {
  return [headerStart, bodyStart, end, encoding, type, subtype, parts.map(places)];
}

const long = 'x'.repeat(4000);
const person = `"${'n'.repeat(300)}" <${'a'.repeat(60)}@example.org>`;

for (const [name, text] of [
  [
    '1,000 parts with names of 4 KB',
    multipart(
      1000,
      `Content-Type: application/octet-stream; name=${long}\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <${long}>`,
    ),
  ],
  [
    '1,000 parts with 100 parameters and language tags each',
    multipart(
      1000,
      `Content-Type: image/png; ${Array.from({ length: 100 }, (_, i) => `p${i}=v`).join('; ')}\r\n` +
        `Content-Language: ${Array.from({ length: 100 }, () => 'en').join(', ')}\r\nContent-Disposition: attachment; filename=${long}`,
    ),
  ],
  [
    '490 messages inside, to many people',
    multipart(
      490,
      'Content-Type: message/rfc822',
      `From: ${person}\r\nTo: everyone: ${Array.from({ length: 30 }, () => person).join(', ')};\r\nSubject: ${long}\r\n\r\nbody`,
    ),
  ],
] as const) {
  test(`encodeDescription bounds what is stored of ${name}, and every part stays where it is`, () => {
    const { given, sizeBytes, root } = stored(text);
    assert.ok(sizeBytes <= descriptionLimits.maxTreeBytes + 10, `${sizeBytes}`);
    assert.deepEqual(places(root), places(given));
    assert.doesNotMatch(writeBodyStructure(root, { extended: true }), /\(\)/);
  });
}

test('encodeDescription leaves a tree whole that fits, and cuts names before it drops them', () => {
  const small = stored(multipart(20, `Content-Type: application/pdf; name=${long}`));
  assert.deepEqual(small.root, small.given);
  const { root } = stored(multipart(100, `Content-Type: application/pdf; name=${long}`));
  const names = root.parts.map(({ params }) => params[0]?.value.length);
  assert.deepEqual(
    names,
    Array.from({ length: 100 }, () => 1000),
  );
});

test('encodeDescription takes the bound as an argument', () => {
  const indexer = new MimeIndexer();
  indexer.push(new TextEncoder().encode(`Content-Type: text/plain; name=${long}\r\n\r\n`));
  const { root } = indexer.finish();
  const limits = { ...descriptionLimits, maxTreeBytes: 100 };
  const { params } = decodeDescription(encodeDescription(none, root, limits), 0).root;
  assert.deepEqual(params, [{ name: 'name', value: 'x'.repeat(60) }]);
});
