import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { decodeEncodedWords, fieldText, mailboxesOf, parseAddressList, parseHeader } from '#lib/message';
import { ContentScan, convertHeader } from './index.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const latin1 = new TextDecoder('latin1');

/** Shows a converted header, or which fields could not be converted. */
function show(header: string | Uint8Array): string {
  const { bytes, unencodable, unfoldable } = convertHeader(
    typeof header === 'string' ? encoder.encode(header) : header,
  );
  if (unencodable.length > 0) return `needs SMTPUTF8: ${unencodable.join(' ')}`;
  if (unfoldable.length > 0) return `too long: ${unfoldable.join(' ')}`;
  return latin1.decode(bytes);
}

for (const [what, given, want] of [
  ['leaves ASCII alone, odd spacing and all', 'subject :  a\r\n\tb \r\n\r\n', 'subject :  a\r\n\tb \r\n\r\n'],
  ['encodes text', 'Subject: Grüße\r\n\r\n', 'Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\n\r\n'],
  ['encodes unknown fields as text', 'X-Büro: x\r\nX-Town: Köln (ö)\r\n', 'X-Town: =?utf-8?b?S8O2bG4gKMO2KQ==?=\r\n'],
  [
    'encodes names and domains of addresses, quoted ones and groups too',
    'To: "Müller, J." <j@müller.example>, grün: a@b.example (ä);\r\n',
    'To: =?utf-8?b?TcO8bGxlciwgSi4=?= <j@xn--mller-kva.example>,\r\n =?utf-8?b?Z3LDvG4=?=: =?utf-8?b?w6Q=?= <a@b.example>;\r\n',
  ],
  [
    'encodes parameters',
    'Content-Disposition: attachment; filename="ü.txt"\r\n',
    "Content-Disposition: attachment; filename*=utf-8''%C3%BC.txt\r\n",
  ],
  [
    'encodes comments of structured fields',
    'Received: from x (Büro) by y\r\n',
    'Received: from x (=?utf-8?b?QsO8cm8=?=) by y\r\n',
  ],
  ['encodes phrases', 'Keywords: grün, b\r\n', 'Keywords: =?utf-8?b?Z3LDvG4=?=, b\r\n'],
  ['encodes what is no address as text', 'To: Empfänger\r\n', 'To: =?utf-8?q?Empf=C3=A4nger?=\r\n'],
  [
    'reads windows-1252',
    Uint8Array.of(...encoder.encode('Subject: Gr'), 0xfc, 0xdf, 0x65, 13, 10),
    'Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\n',
  ],
  ['keeps encoded words beside raw text', 'Subject: =?iso-8859-1?q?=FC?= ü\r\n', 'Subject: =?utf-8?b?w7wgw7w=?=\r\n'],
  ['drops a broken line with UTF-8', 'Subject: x\r\nkein Feld ü\r\n\r\n', 'Subject: x\r\n\r\n'],
  ['mends bare CR and NUL', 'Subject: a\0b\rTo: x@y.example\r\n\r\n', 'Subject: ab\r\nTo: x@y.example\r\n\r\n'],
  ['cannot encode localparts', 'From: Ü <ü@x.example>\r\nTo: a@ü.example\r\n', 'needs SMTPUTF8: from'],
  [
    'cannot encode Message-IDs',
    'Message-ID: <ü@x.example>\r\nReferences: <ä@x>\r\n',
    'needs SMTPUTF8: message-id references',
  ],
  ['cannot encode domains that are none', 'To: a@ü..example\r\n', 'needs SMTPUTF8: to'],
  ['cannot fold a word that may not be cut', `DKIM-Signature: b=${'x'.repeat(1000)}\r\n`, 'too long: dkim-signature'],
  [
    'folds where there is space',
    `X-A: ${'word '.repeat(300)}end\r\n`,
    new RegExp(`^X-A: (?:word[ ]?(?:\\r\\n )?)+ ?end\\r\\n$`),
  ],
  [
    'encodes a word that is too long',
    `Subject: ${'x'.repeat(1200)}\r\n`,
    /^Subject: (?:=\?utf-8\?q\?x+\?=(?:\r\n |\r\n))+$/,
  ],
  [
    'folds addresses without spaces',
    `To: ${Array.from({ length: 200 }, (_, i) => `u${i}@x.example`).join(',')}\r\n`,
    /^To: u0@x\.example,(?: u\d+@x\.example,(?:\r\n)?)+ u199@x\.example\r\n$/,
  ],
  [
    'folds Message-IDs without spaces',
    `References: ${'<a@b.example>'.repeat(100)}\r\n`,
    /^References: <a@b\.example>(?:(?:\r\n)? <a@b\.example>){99}\r\n$/,
  ],
  [
    'cuts long parameters',
    `Content-Type: text/plain; name=${'n'.repeat(1200)}\r\n`,
    /^Content-Type: text\/plain;\r\n name\*0\*=utf-8''n+;\r\n name\*1\*=n+;/,
  ],
] as const) {
  test(`convertHeader ${what}`, () => {
    if (typeof want === 'string') assert.equal(show(given), want);
    else assert.match(show(given), want);
  });
}

test('convertHeader keeps UTF-8 for SMTPUTF8, folds it, and sets fields', () => {
  const header = `Subject: Grüße\r\nX-Long: ${'wörter '.repeat(300)}\r\nContent-Transfer-Encoding: 8bit\r\n\r\n`;
  const { bytes, unencodable } = convertHeader(encoder.encode(header), {
    keepUtf8: true,
    encoding: '7bit',
    added: 'X: y\r\n',
  });
  assert.deepEqual(unencodable, []);
  assert.match(
    decoder.decode(bytes),
    /^Subject: Grüße\r\nX-Long: wörter[^]*\r\nX: y\r\nContent-Transfer-Encoding: 7bit\r\n\r\n$/,
  );
  for (const line of decoder.decode(bytes).split('\r\n')) assert.ok(encoder.encode(line).length <= 998);
});

test('convertHeader ends a last field that does not end itself before it adds another', () => {
  const { bytes } = convertHeader(encoder.encode('Subject: x'), { encoding: 'base64' });
  assert.equal(decoder.decode(bytes), 'Subject: x\r\nContent-Transfer-Encoding: base64\r\n');
});

/** Text of one line without outer or double spaces, as folding and decoding may change those. */
const text = fc
  .array(
    fc.string({
      unit: fc.constantFrom('a', 'Z', '0', '.', ',', '(', '"', '=', '?', 'ü', '例', '📬'),
      minLength: 1,
      maxLength: 30,
    }),
    {
      minLength: 1,
      maxLength: 60,
    },
  )
  .map((words) => words.join(' '));

test('convertHeader: text reads the same before and after, in ASCII and short lines', () => {
  fc.assert(
    fc.property(text, (subject) => {
      const { bytes } = convertHeader(encoder.encode(`Subject: ${subject}\r\n\r\n`));
      const scan = new ContentScan();
      scan.push(bytes);
      assert.ok(!scan.has8bit && !scan.hasUnsendable);
      const [field] = parseHeader(bytes);
      assert.ok(field !== undefined);
      assert.equal(decodeEncodedWords(fieldText(field)), decodeEncodedWords(subject));
    }),
  );
});

test('convertHeader: addresses stay the same', () => {
  const word = fc.string({
    unit: fc.constantFrom('a', 'b', 'ü', '例', ' ', ',', '"', '.'),
    minLength: 1,
    maxLength: 40,
  });
  const name = word.map((given) => given.trim().replace(/ +/g, ' ')).filter((given) => given !== '');
  fc.assert(
    fc.property(fc.array(name, { minLength: 1, maxLength: 40 }), (names) => {
      const given = names.map((each, i) => `"${each.replace(/["\\]/g, '\\$&')}" <u${i}@bücher.example>`).join(', ');
      const { bytes } = convertHeader(encoder.encode(`To: ${given}\r\n\r\n`));
      const [field] = parseHeader(bytes);
      assert.ok(field !== undefined);
      const got = mailboxesOf(parseAddressList(fieldText(field)));
      assert.deepEqual(
        got.map(({ name: shown, localpart, domain }) => [shown, `${localpart}@${domain}`]),
        names.map((each, i) => [each, `u${i}@xn--bcher-kva.example`]),
      );
    }),
  );
});
