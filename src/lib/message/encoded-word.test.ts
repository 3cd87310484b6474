import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { decodeEncodedWords, encodedWordPieces, encodeWords } from '#lib/message';

// The first rows are the table of RFC 2047 §8.
for (const [given, want] of [
  ['(=?ISO-8859-1?Q?a?=)', '(a)'],
  ['(=?ISO-8859-1?Q?a?= b)', '(a b)'],
  ['(=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=)', '(ab)'],
  ['(=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=)', '(ab)'],
  ['(=?ISO-8859-1?Q?a_b?=)', '(a b)'],
  ['(=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=)', '(a b)'],
  ['=?US-ASCII?Q?Keith_Moore?= <moore@cs.utk.edu>', 'Keith Moore <moore@cs.utk.edu>'],
  ['=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?=', 'Keld Jørn Simonsen'],
  [
    '=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?= =?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=',
    'If you can read this you understand the example.',
  ],
  ['=?utf-8?q?=C3?= =?utf-8?q?=A9?=', 'é'],
  ['=?utf-8?b?ww==?= =?UTF-8?b?qQ==?=', 'é'],
  ['=?utf-8?b?w6k?=', 'é'],
  ['=?utf-8*en?q?x?=', 'x'],
  ['=?x-unknown?q?=C3=A9?=', 'é'],
  ['=?utf-8?q?a b?=', 'a b'],
  ['=?utf-8?x?ab?=', '=?utf-8?x?ab?='],
  ['=?utf-8?q?ab', '=?utf-8?q?ab'],
  ['=?utf-8?q?a=0D=0ABcc:_x?=', 'a  Bcc: x'],
  ['=?utf-8?q?50=?=', '50='],
  ['plain', 'plain'],
] as const) {
  test(`decodeEncodedWords(${JSON.stringify(given)})`, () => assert.equal(decodeEncodedWords(given), want));
}

test('decodeEncodedWords is linear on junk', () => {
  for (const junk of ['=?', '=?a?q?', '=?a?b?==?=', '=?a*', '?=', '=?a?q?x?= '])
    decodeEncodedWords(junk.repeat(50_000));
});

test('encodeWords round-trips, in words of at most 75 characters', () => {
  const check = fc.property(fc.string({ unit: 'grapheme', maxLength: 120 }), (text) => {
    const clean = text.toWellFormed().replace(/\p{Cc}/gu, ' ');
    const words = encodeWords(clean);
    for (const word of words) assert.ok(word.length <= 75, word);
    assert.equal(decodeEncodedWords(words.join(' ')), clean);
  });
  fc.assert(check, { numRuns: 300, seed: 2 });
});

test('encodedWordPieces cuts long runs of words, and no character', () => {
  const words = '=?utf-8?q?=C3?= =?utf-8?q?=A9?= '.repeat(20_000);
  const pieces = [...encodedWordPieces(`see ${words}there`)];
  assert.equal(pieces.join(''), `see ${'é'.repeat(20_000)} there`);
  assert.ok(pieces.length > 600, `${pieces.length} pieces`);
  assert.equal(decodeEncodedWords('=?x-unknown?q?=C3=A9?= '.repeat(200)).trimEnd(), 'é'.repeat(200));
  assert.equal(decodeEncodedWords('=?x-unknown?q?=E9?= '.repeat(200)).trimEnd(), 'é'.repeat(200));
});
