import assert from 'node:assert/strict';
import { isUtf8 as nodeIsUtf8 } from 'node:buffer';
import { test } from 'node:test';
import * as fc from 'fast-check';
import iconv from 'iconv-lite';
import { charsetLabels, decode, isAscii, normalizeCharset, sniffCharset } from './index.ts';
import { fromLatin1, isUtf8, toLatin1 } from './bytes.ts';

const seeded = { seed: 20260102, numRuns: 300 } as const;
const every = Uint8Array.from({ length: 256 }, (_, i) => i);

for (const [label, want] of [
  ['UTF-8', 'utf-8'],
  ['"ISO-8859-1"', 'windows-1252'],
  ['us-ascii', 'windows-1252'],
  [' latin-1 ', 'windows-1252'],
  ['KS_C_5601-1987', 'euc-kr'],
  ['CP932', 'shift_jis'],
  ['ibm850', 'cp850'],
  ['IBM866', 'ibm866'],
  ['cp437', 'cp437'],
  ['UNICODE-1-1-UTF-7', 'utf-7'],
  ['x-unknown', null],
  ['', null],
  ['a'.repeat(100_000), null],
] as const) {
  test(`normalizeCharset(${JSON.stringify(label.slice(0, 40))})`, () => assert.equal(normalizeCharset(label), want));
}

for (const [given, label, want] of [
  [[0xc3, 0xa9], 'utf-8', 'é'],
  [[0xef, 0xbb, 0xbf, 0x61], 'utf-8', 'a'],
  [[0xe9], 'iso-8859-1', 'é'],
  [[0x80], 'iso-8859-1', '€'],
  [[0x1b, 0x24, 0x42, 0x24, 0x22, 0x1b, 0x28, 0x42], 'iso-2022-jp', 'あ'],
  [[0x82, 0xa0], 'shift_jis', 'あ'],
  [[0xc4, 0xe3], 'gb2312', '你'],
  [[0x82, 0x81], 'cp437', 'éü'],
  [[0xd5], 'cp858', '€'],
  [[0xc3, 0xa9], 'us-ascii', 'é'],
  [[0xe9], 'us-ascii', 'é'],
  [[0xc3, 0xa9], null, 'é'],
  [[0xe9], 'no-such-charset', 'é'],
  [[0xff, 0x61], 'utf-8', '\ufffda'],
] as const) {
  test(`decode([${given.join()}], ${label})`, () => assert.equal(decode(Uint8Array.from(given), label), want));
}

test('decode uses the fallback for unknown labels only', () => {
  assert.equal(decode(Uint8Array.of(0xc1), 'nope', 'koi8-r'), 'а');
  assert.equal(decode(Uint8Array.of(0xc1), 'nope', 'neither'), 'Á');
  assert.equal(decode(Uint8Array.of(0xc1), 'iso-8859-1', 'koi8-r'), 'Á');
});

// RFC 2152, Examples.
for (const [given, want] of [
  ['A+ImIDkQ.', 'A≢Α.'],
  ['Hi Mom -+Jjo--!', 'Hi Mom -☺-!'],
  ['+ZeVnLIqe-', '日本語'],
  ['1 +- 1 = 2', '1 + 1 = 2'],
  ['cut off +Jj', 'cut off '],
  ['+2D3crA', '\u{1f4ac}'],
] as const) {
  test(`decode(${JSON.stringify(given)}, 'utf-7')`, () => assert.equal(decode(toLatin1(given), 'utf-7'), want));
}

for (const page of [
  'cp437',
  'cp737',
  'cp775',
  'cp850',
  'cp852',
  'cp855',
  'cp857',
  'cp858',
  'cp862',
  'cp865',
  'cp869',
]) {
  test(`decode in ${page} agrees with iconv-lite`, () => {
    assert.equal(decode(every, page), iconv.decode(Buffer.from(every), page));
  });
}

test('charsetLabels are all known', () => {
  for (const label of charsetLabels) assert.notEqual(normalizeCharset(label), null, label);
});

test('isUtf8 agrees with Node, sniffCharset follows it', () => {
  const nearUtf8 = fc.array(
    fc.constantFrom(0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5),
    {
      maxLength: 6,
    },
  );
  fc.assert(
    fc.property(nearUtf8, (list) => {
      const bytes = Uint8Array.from(list);
      assert.equal(isUtf8(bytes), nodeIsUtf8(bytes));
      assert.equal(sniffCharset(bytes), nodeIsUtf8(bytes) ? 'utf-8' : 'windows-1252');
    }),
    { ...seeded, numRuns: 3000 },
  );
});

test('isUtf8 accepts what TextEncoder writes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => assert.ok(isUtf8(new TextEncoder().encode(text)))),
    seeded,
  );
});

test('fromLatin1 and toLatin1 keep every byte, also of long input', () => {
  assert.deepEqual(toLatin1(fromLatin1(every)), every);
  const long = Uint8Array.from({ length: 100_000 }, (_, i) => i & 0xff);
  assert.deepEqual(toLatin1(fromLatin1(long)), long);
  assert.throws(() => toLatin1('€'), RangeError);
});

test('isAscii', () => {
  assert.ok(isAscii(Uint8Array.of(0, 0x7f)));
  assert.ok(!isAscii(Uint8Array.of(0, 0x80)));
});

test('decode never throws, whatever the bytes and labels', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom(
        'utf-7',
        'utf-8',
        'utf-16',
        'iso-2022-jp',
        'gb18030',
        'big5',
        'cp437',
        'hz-gb-2312',
        'iso-2022-kr',
        'x',
      ),
      (bytes, label) => assert.equal(typeof decode(bytes, label), 'string'),
    ),
    seeded,
  );
});
