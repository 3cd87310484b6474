import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import {
  fieldText,
  findField,
  findParameter,
  parseAddressList,
  parseContentType,
  parseHeader,
  parseMessageIds,
  decodeEncodedWords,
  writeAddresses,
  writeDeliveredTo,
  writeParameters,
  writeReceived,
  writeReturnPath,
  writeUnstructured,
} from '#lib/message';

const encoder = new TextEncoder();

function values(header: string): string[] {
  return parseHeader(encoder.encode(header)).map((field) => `${field.name}=${fieldText(field)}`);
}

/** Text made of what breaks writers. */
const nasty = fc
  .array(
    fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      fc.constantFrom(
        ' ',
        '  ',
        '\t',
        '\u00a0',
        '\u2028',
        'x'.repeat(80),
        'é'.repeat(400),
        ' '.repeat(100),
        '\r\nA: b',
        '=?utf-8?q?x?=',
        '=?',
      ),
      fc.constantFrom('"', '\\', '(', '<', '@', ':', ';', ',', '%', "'", '🎉'),
    ),
    { maxLength: 12 },
  )
  .map((pieces) => pieces.join('').toWellFormed());

/** Value of the one field in `written`, which must be folded well. */
function valueOf(written: string): string {
  assert.ok(written.endsWith('\r\n'));
  for (const line of written.slice(0, -2).split('\r\n')) {
    assert.ok(encoder.encode(line).length <= 998);
    assert.match(line, /\S/);
  }
  const fields = parseHeader(encoder.encode(written));
  assert.equal(fields.length, 1);
  return fields[0] === undefined ? '' : fieldText(fields[0]);
}

for (const [given, want] of [
  ['A: 1\r\nB : 2\r\n\r\nC: 3', ['a=1', 'b=2']],
  ['A: x\r\n y\r\n\tz\r\nb:\r\n', ['a=x y\tz', 'b=']],
  ['A: 1\nB: 2\n\nbody', ['a=1', 'b=2']],
  ['A: 1\rB: 2\r\rbody', ['a=1', 'b=2']],
  ['junk\r\nA: 1', ['=junk', 'a=1']],
  [': x\r\n', ['=: x']],
  ['X-Very-Long-Name-Of-A-Field-Indeed: 1', ['x-very-long-name-of-a-field-indeed=1']],
  ['Subject: é', ['subject=é']],
] as const) {
  test(`parseHeader(${JSON.stringify(given)})`, () => assert.deepEqual(values(given), want));
}

test('HeaderField tells where it lies and how its name was written', () => {
  const field = findField(parseHeader(encoder.encode('A: 1\r\nSubject : x\r\n y\r\nB: 2')), 'subject');
  assert.ok(field !== null);
  assert.deepEqual([field.rawName, field.start, field.valueStart, field.end], ['Subject', 6, 15, 23]);
});

test('fieldText reads bytes that are not UTF-8 as windows-1252', () => {
  const field = parseHeader(Uint8Array.of(65, 58, 32, 0xe9))[0];
  assert.equal(field === undefined ? '' : fieldText(field), 'é');
});

for (const [given, want] of [
  ['<a@b> <c@d>', ['<a@b>', '<c@d>']],
  ['Your message of <x <a\r\n @b>', ['<a@b>']],
  ['<>', []],
  ['none', []],
] as const) {
  test(`parseMessageIds(${JSON.stringify(given)})`, () => assert.deepEqual(parseMessageIds(given), want));
}

test('writeUnstructured round-trips any text, and no text can add a field', () => {
  const check = fc.property(nasty, fc.boolean(), (text, smtputf8) => {
    const want = text.toWellFormed().replace(/\p{Cc}/gu, ' ');
    assert.equal(decodeEncodedWords(valueOf(writeUnstructured('Subject', text, { smtputf8 }))), want);
  });
  fc.assert(check, { numRuns: 300, seed: 3 });
  assert.equal(writeUnstructured('Subject', 'a\r\nBcc: x'), 'Subject: a  Bcc: x\r\n');
  assert.equal(decodeEncodedWords(valueOf(writeUnstructured('X', 'x'.repeat(3000)))), 'x'.repeat(3000));
  for (const line of writeUnstructured('Subject', 'lorem ipsum '.repeat(40).trim()).split('\r\n')) {
    assert.ok(line.length <= 78);
  }
});

test('writeAddresses round-trips names, quotes and groups', () => {
  const name = nasty.map((text) => text.replace(/\p{Cc}/gu, ' ').trim());
  const check = fc.property(fc.array(name, { maxLength: 8 }), fc.boolean(), (names, smtputf8) => {
    const list = names.map((text, i) => {
      return { kind: 'mailbox' as const, name: text === '' ? null : text, localpart: `a "${i}`, domain: 'x.test' };
    });
    assert.deepEqual(parseAddressList(valueOf(writeAddresses('To', list, { smtputf8 }))), list);
  });
  fc.assert(check, { numRuns: 200, seed: 4 });
  const group = 'Friends: "A, B" <a@b.test>, c@d.test;, e@f.test';
  assert.equal(writeAddresses('To', parseAddressList(group)), `To: ${group}\r\n`);
  const idn = parseAddressList('x@exämple.test');
  assert.equal(writeAddresses('To', idn), 'To: x@xn--exmple-cua.test\r\n');
  assert.equal(writeAddresses('To', idn, { smtputf8: true }), 'To: x@exämple.test\r\n');
});

test('writeParameters round-trips any value', () => {
  const check = fc.property(nasty, fc.boolean(), (text, smtputf8) => {
    const value = text.toWellFormed().replace(/\p{Cc}/gu, ' ');
    const written = writeParameters('Content-Type', 'text/plain', [{ name: 'name', value }], { smtputf8 });
    assert.equal(findParameter(parseContentType(valueOf(written))?.params ?? [], 'name'), value);
  });
  fc.assert(check, { numRuns: 300, seed: 5 });
});

test('writeReceived writes RFC 5321 §4.4 and survives a hostile HELO', () => {
  const trace = {
    from: { helo: 'evil)\r\nX: y', ip: '2001:db8::1', reverseName: null },
    by: 'mx.example.org',
    with: 'ESMTPS',
    id: 'c1f3',
    tls: { protocol: 'TLSv1.3', cipher: 'TLS_AES_128_GCM_SHA256' },
    for: 'a b@example.org',
    date: { ms: 0, offsetMinutes: 0 },
  };
  const text = valueOf(writeReceived(trace));
  assert.equal(
    text,
    'from evil???X:?y ([IPv6:2001:db8::1]) by mx.example.org with ESMTPS (TLSv1.3 TLS_AES_128_GCM_SHA256) id c1f3' +
      ' for <a b@example.org>; Thu, 01 Jan 1970 00:00:00 +0000',
  );
});

test('writeReturnPath and writeDeliveredTo write one line', () => {
  assert.equal(writeReturnPath(''), 'Return-Path: <>\r\n');
  assert.equal(writeReturnPath('a@b\r\nX: y'), 'Return-Path: <a@b  X: y>\r\n');
  assert.equal(writeDeliveredTo('a@b'), 'Delivered-To: a@b\r\n');
});
