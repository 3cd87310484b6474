import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { MimeIndexer } from './mime-indexer.ts';
import { OctetKind, octetKinds } from './octet-kinds.ts';

const kinds = OctetKind.EightBit | OctetKind.Nul;
const octets = fc.uint8Array({ minLength: 0, maxLength: 200 });

test('octetKinds: what a look at each octet finds, wherever the range begins and ends', () => {
  fc.assert(
    fc.property(octets, fc.constantFrom(0, 1, 2), fc.nat(7), fc.nat(200), fc.nat(200), (bytes, style, shift, a, b) => {
      const mild = bytes.map((byte) => (style === 0 ? byte : style === 1 ? byte & 0x7f : byte | 1));
      const buffer = new Uint8Array(shift + mild.length);
      buffer.set(mild, shift);
      const chunk = buffer.subarray(shift);
      const [from, to] = [Math.min(a, b, chunk.length), Math.min(Math.max(a, b), chunk.length)];
      const range = chunk.subarray(from, to);
      const want =
        (range.some((byte) => byte > 127) ? OctetKind.EightBit : 0) | (range.includes(0) ? OctetKind.Nul : 0);
      assert.equal(octetKinds(chunk, from, to) & kinds, want);
    }),
    { seed: 8, numRuns: 2000 },
  );
});

test('octetKinds: a NUL or an 8-bit octet at each place of a long range', () => {
  for (let at = 0; at < 80; at += 1) {
    for (const [byte, kind] of [
      [0, OctetKind.Nul],
      [0x80, OctetKind.EightBit],
      [1, 0],
    ] as const) {
      const bytes = new Uint8Array(80).fill(0x7f);
      bytes[at] = byte;
      assert.equal(octetKinds(bytes, 0, 80) & kinds, kind, `${byte} at ${at}`);
    }
  }
});

for (const [where, text] of [
  ['a header', 'Subject: a\0b\r\n\r\ntext\r\n'],
  ['a body', 'Subject: a\r\n\r\nte\0xt\r\n'],
  ['a part', 'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\na\0b\r\n--b--\r\n'],
  [
    'a line that looks like a boundary',
    'Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n--\0b\r\n--b--\r\n',
  ],
] as const) {
  test(`MimeIndexer.hasNul: in ${where}, however it is cut`, () => {
    for (const content of [text, text.replace('\0', '0')]) {
      const bytes = new TextEncoder().encode(content);
      for (const step of [1, 7, bytes.length]) {
        const indexer = new MimeIndexer();
        for (let at = 0; at < bytes.length; at += step) indexer.push(bytes.subarray(at, at + step));
        assert.equal(indexer.finish().hasNul, content === text);
      }
    }
  });
}
