import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MimeIndexer, type Part } from '#lib/mime';
import { describeMessage, messageLimits, unpackPart } from './index.ts';

function describe(text: string) {
  const indexer = new MimeIndexer();
  indexer.push(new TextEncoder().encode(text));
  const index = indexer.finish();
  return { index, description: describeMessage(index) };
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
  test(`describeMessage bounds what is stored of ${name}, and every part stays where it is`, () => {
    const { index, description } = describe(text);
    const { bodyStructure, structure } = description;
    assert.ok(bodyStructure.length <= 2 * messageLimits.maxStructureChars);
    assert.ok(structure.length <= 4 * messageLimits.maxStructureChars, `${structure.length}`);
    assert.deepEqual(places(unpackPart(structure, 0)), places(index.root));
    assert.doesNotMatch(bodyStructure, /\(\)/);
  });
}

test('describeMessage leaves a structure whole that fits, and cuts names before it drops them', () => {
  const small = describe(multipart(20, `Content-Type: application/pdf; name=${long}`));
  assert.ok(small.description.bodyStructure.includes(long));
  const { bodyStructure } = describe(multipart(100, `Content-Type: application/pdf; name=${long}`)).description;
  const names = bodyStructure.match(/x{2,}/g) ?? [];
  assert.deepEqual(new Set(names.map((name) => name.length)), new Set([1000]));
  assert.equal(names.length, 100);
});
