import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  Base64Decoder,
  Base64Encoder,
  type Decoder,
  QuotedPrintableDecoder,
  QuotedPrintableEncoder,
  decodeBase64,
  decodePercent,
  decodeQuotedPrintable,
  encodeBase64Text,
  encodeBase64url,
  encodeHex,
  encodeModifiedUtf7,
  encodePercent,
  encodeQuotedPrintable,
  encodeUnitext,
  encodeUtf8AddrXtext,
  encodeXtext,
  parseBase64,
  parseBase64url,
  parseHex,
  parseModifiedUtf7,
  parseUnitext,
  parseXtext,
  joinBytes,
} from './index.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array): string => new TextDecoder('latin1').decode(value);
const seeded = { seed: 20260101, numRuns: 200 } as const;
const mailBytes = fc.array(fc.constantFrom(...bytes('=\r\n \tAfF0.-'), ...bytes('From '), 0, 255), { maxLength: 300 });

/** Feeds `input` cut at `cuts` and joins what comes out. */
function inPieces(transform: Decoder, input: Uint8Array, cuts: readonly number[]): string {
  let out = '';
  let start = 0;
  for (const cut of [...cuts, input.length].map((n) => Math.min(n, input.length)).toSorted((a, b) => a - b)) {
    out += text(transform.push(input.subarray(start, cut)));
    start = cut;
  }
  return out + text(transform.finish());
}

// RFC 4648 §10.
const base64Vectors = [
  ['', ''],
  ['f', 'Zg=='],
  ['fo', 'Zm8='],
  ['foo', 'Zm9v'],
  ['foob', 'Zm9vYg=='],
  ['fooba', 'Zm9vYmE='],
  ['foobar', 'Zm9vYmFy'],
] as const;
for (const [plain, encoded] of base64Vectors) {
  test(`encodeBase64Text, decodeBase64, parseBase64: ${JSON.stringify(plain)}`, () => {
    assert.equal(encodeBase64Text(bytes(plain)), encoded);
    assert.equal(text(decodeBase64(bytes(encoded))), plain);
    assert.deepEqual(parseBase64(encoded), { ok: true, value: bytes(plain) });
  });
}

for (const [given, want] of [
  ['Zm9v\r\nYmFy\r\n', 'foobar'],
  ['Zm 9v!YmFy', 'foobar'],
  ['Zg==Zg==', 'ff'],
  ['Zm8', 'fo'],
  ['Z', ''],
  ['====', ''],
] as const) {
  test(`decodeBase64(${JSON.stringify(given)})`, () => assert.equal(text(decodeBase64(bytes(given))), want));
}

for (const given of ['Zg=', 'Zg', 'Zh==', 'Zm9=', 'Z===', 'Zm9v\n', '=Zm9', 'Zmé=', 'Zg==Zg==']) {
  test(`parseBase64(${JSON.stringify(given)}) is refused`, () => assert.equal(parseBase64(given).ok, false));
}

test('encodeBase64url and parseBase64url: every byte, no padding', () => {
  const all = Uint8Array.from({ length: 256 }, (_, i) => i);
  assert.match(encodeBase64url(all), /^[A-Za-z0-9_-]+$/);
  assert.deepEqual(parseBase64url(encodeBase64url(all)), { ok: true, value: all });
  assert.equal(parseBase64url('Zg==').ok, false);
  assert.equal(parseBase64url('+/').ok, false);
});

test('Base64Encoder: lines of 76 columns, the same however the input is cut, and decodes to the input', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.array(fc.nat(400), { maxLength: 6 }), (input, cuts) => {
      const encoded = inPieces(new Base64Encoder(), input, cuts);
      assert.equal(encoded.replaceAll('\r\n', ''), encodeBase64Text(input));
      assert.ok(encoded === '' || encoded.endsWith('\r\n'));
      for (const line of encoded.split('\r\n').slice(0, -2)) assert.equal(line.length, 76);
      assert.equal(inPieces(new Base64Decoder(), bytes(encoded), cuts), text(input));
    }),
    seeded,
  );
});

for (const [given, want] of [
  ['a=20b', 'a b'],
  ['a=3d=3D', 'a=='],
  ['soft=\r\nbreak', 'softbreak'],
  ['soft= \t\r\nbreak', 'softbreak'],
  ['soft=\nbreak', 'softbreak'],
  ['blanks \t\r\nkept  inside', 'blanks\r\nkept  inside'],
  ['end  ', 'end'],
  ['end=', 'end'],
  ['bad =zz =4 =', 'bad =zz =4 '],
  ['=4', '=4'],
  ['a =\r\nb', 'a b'],
  ['lone \r cr', 'lone \r cr'],
] as const) {
  test(`decodeQuotedPrintable(${JSON.stringify(given)})`, () => {
    assert.equal(text(decodeQuotedPrintable(bytes(given))), want);
  });
}

test('QuotedPrintableDecoder: the same however the input is cut', () => {
  fc.assert(
    fc.property(mailBytes, fc.array(fc.nat(300), { maxLength: 8 }), (input, cuts) => {
      const whole = decodeQuotedPrintable(Uint8Array.from(input));
      assert.equal(inPieces(new QuotedPrintableDecoder(), Uint8Array.from(input), cuts), text(whole));
    }),
    seeded,
  );
});

test('QuotedPrintableDecoder holds back a bounded run of blanks', () => {
  const decoder = new QuotedPrintableDecoder();
  const blanks = bytes(' '.repeat(100_000));
  assert.equal(decoder.push(blanks).length, blanks.length);
});

for (const [mode, given, want] of [
  ['text', 'a=b', 'a=3Db'],
  ['text', 'end \r\nend\t\r\n', 'end=20\r\nend=09\r\n'],
  ['text', 'From me\r\nFrom\r\nform', '=46rom me\r\nFrom\r\nform'],
  ['text', '.\r\n..\r\n', '=2E\r\n=2E.\r\n'],
  ['text', 'bare\nlf\rcr', 'bare=0Alf=0Dcr'],
  ['binary', 'a\r\nb ', 'a=0D=0Ab=20'],
] as const) {
  test(`encodeQuotedPrintable(${JSON.stringify(given)}, ${mode})`, () => {
    assert.equal(text(encodeQuotedPrintable(bytes(given), mode)), want);
  });
}

test('QuotedPrintableEncoder: short safe lines, the same however cut, and decodes to the input', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        mailBytes,
        fc.uint8Array({ maxLength: 300 }).map((a) => [...a]),
      ),
      fc.array(fc.nat(300), { maxLength: 8 }),
      fc.constantFrom('text' as const, 'binary' as const),
      (list, cuts, mode) => {
        const input = Uint8Array.from(list);
        const encoded = inPieces(new QuotedPrintableEncoder(mode), input, cuts);
        assert.equal(encoded, text(encodeQuotedPrintable(input, mode)));
        for (const line of encoded.split('\r\n')) {
          assert.ok(line.length <= 76 && !/^\.|^From |[ \t]$|[\r\n]/.test(line), JSON.stringify(line));
        }
        assert.equal(text(decodeQuotedPrintable(bytes(encoded))), text(input));
      },
    ),
    seeded,
  );
});

for (const [name, encoded] of [
  ['INBOX', 'INBOX'],
  ['A&B', 'A&-B'],
  ['~peter/mail/台北/日本語', '~peter/mail/&U,BTFw-/&ZeVnLIqe-'],
  ['Entwürfe', 'Entw&APw-rfe'],
  ['📬', '&2D3c7A-'],
  ['é&é', '&AOk-&-&AOk-'],
] as const) {
  test(`encodeModifiedUtf7 and parseModifiedUtf7: ${name}`, () => {
    assert.equal(encodeModifiedUtf7(name), encoded);
    assert.deepEqual(parseModifiedUtf7(encoded), { ok: true, value: name });
  });
}

for (const given of [
  '&',
  'a&b',
  '&AOk',
  '&AGE-',
  '&U,BTFw-&ZeVnLIqe-',
  '&2D0-',
  '&AOl-',
  '&A-',
  'é',
  'a\tb',
  '&AO/-',
]) {
  test(`parseModifiedUtf7(${JSON.stringify(given)}) is refused`, () =>
    assert.equal(parseModifiedUtf7(given).ok, false));
}

for (const [plain, encoded] of [
  ['user@example.org', 'user@example.org'],
  ['a+b=c d', 'a+2Bb+3Dc+20d'],
  ['é', '+C3+A9'],
] as const) {
  test(`encodeXtext and parseXtext: ${plain}`, () => {
    assert.equal(encodeXtext(plain), encoded);
    assert.deepEqual(parseXtext(encoded), { ok: true, value: plain });
  });
}

for (const given of ['+', '+4', '+4g', 'a b', 'a=b', 'é', '+C3', 'a\0']) {
  test(`parseXtext(${JSON.stringify(given)}) is refused`, () => assert.equal(parseXtext(given).ok, false));
}

test('encodeUtf8AddrXtext, encodeUnitext, parseUnitext: examples', () => {
  assert.equal(encodeUtf8AddrXtext('用户+a\\@é.example'), '\\x{7528}\\x{6237}\\x{2B}a\\x{5C}@\\x{E9}.example');
  assert.equal(encodeUnitext('用户 =@é.example'), '用户\\x{20}\\x{3D}@é.example');
  assert.equal(encodeUtf8AddrXtext('\n📬'), '\\x{0A}\\x{1F4EC}');
});

for (const given of [
  '\\',
  '\\x{',
  '\\x{4}',
  '\\x{D800}',
  '\\x{110000}',
  'a+b',
  'a b',
  'a=b',
  '\\x{zz}',
  '\\x{0000041}',
]) {
  test(`parseUnitext(${JSON.stringify(given)}) is refused`, () => assert.equal(parseUnitext(given).ok, false));
}

test('parse(encode(x)) is x for the text encodings', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), (value) => {
      const want = { ok: true, value };
      assert.deepEqual(parseModifiedUtf7(encodeModifiedUtf7(value)), want);
      assert.deepEqual(parseXtext(encodeXtext(value)), want);
      assert.deepEqual(parseUnitext(encodeUnitext(value)), want);
      assert.deepEqual(parseUnitext(encodeUtf8AddrXtext(value)), want);
      assert.deepEqual(decodePercent(bytes(encodePercent(bytes(value)))), bytes(value));
      assert.deepEqual(parseHex(encodeHex(bytes(value))), { ok: true, value: bytes(value) });
    }),
    seeded,
  );
});

test('parse never throws, and what it accepts is what encode writes', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...Array.from('&-,AOk+=\\x{}E9é \ud800')), maxLength: 12 }),
      (value) => {
        const name = parseModifiedUtf7(value);
        if (name.ok) assert.equal(encodeModifiedUtf7(name.value), value);
        parseXtext(value);
        parseUnitext(value);
        parseBase64(value);
        parseHex(value);
      },
    ),
    { ...seeded, numRuns: 1000 },
  );
});

test('encodePercent keeps attribute-chars, decodePercent keeps what is not %HH', () => {
  assert.equal(encodePercent(bytes("it's 100% *é*.txt")), 'it%27s%20100%25%20%2A%C3%A9%2A.txt');
  assert.equal(text(decodePercent(bytes('50%, %zz %4 %41%'))), '50%, %zz %4 A%');
});

test('parseHex takes both cases and refuses others', () => {
  assert.deepEqual(parseHex('00ffAb'), { ok: true, value: Uint8Array.of(0, 255, 171) });
  for (const bad of ['0', '0g', 'é0', '00 ']) assert.equal(parseHex(bad).ok, false);
});

test('joinBytes joins pieces in order, and gives a single one back as it is', () => {
  const one = Uint8Array.of(1, 2);
  assert.equal(joinBytes([one]), one);
  assert.deepEqual(joinBytes([one, new Uint8Array(0), Uint8Array.of(3)]), Uint8Array.of(1, 2, 3));
  assert.deepEqual(joinBytes([]), new Uint8Array(0));
});
