import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { octetText, octetsOf, readableText } from '#lib/charset';

const encoder = new TextEncoder();

test('octetText and octetsOf give all octets back', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => assert.deepEqual(octetsOf(octetText(bytes)), bytes)));
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const bytes = encoder.encode(text);
      assert.deepEqual(octetsOf(octetText(bytes)), bytes);
    }),
  );
});

for (const [name, bytes, text, readable] of [
  ['ASCII', [0x61, 0, 0x7f], 'a\0\x7f', 'a\0\x7f'],
  ['UTF-8', [0xc3, 0xbc], 'ü', 'ü'],
  ['windows-1252', [0x5a, 0xfc, 0x80], 'Z\uEFFC\uEF80', 'Zü€'],
  ['UTF-8 and other octets', [0xc3, 0xbc, 0xfc], '\uEFC3\uEFBC\uEFFC', 'Ã¼ü'],
  ['characters that stand for octets', [0xee, 0xbe, 0x80], '\uEFEE\uEFBE\uEF80', '\uEF80'],
] as const) {
  test(`octetText of ${name}, and readableText of it`, () => {
    const given = Uint8Array.from(bytes);
    assert.equal(octetText(given), text);
    assert.equal(readableText(text), readable);
    assert.deepEqual(octetsOf(text), given);
  });
}
