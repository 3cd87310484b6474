import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { simpleParser } from 'mailparser';
import PostalMime from 'postal-mime';
import { decodeBody, flattenParts, MimeIndexer, type Part } from '#lib/mime';
import { ContentScan, ConversionPlanner, convertMessage, MessageConverter } from './index.ts';

const encoder = new TextEncoder();
const latin1 = new TextDecoder('latin1');

/** Octets of a text in which each character is one octet. */
function octets(text: string): Uint8Array {
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

function convert(message: string, keepEightBit = false): string {
  return latin1.decode(convertMessage(encoder.encode(message), { keepEightBit }));
}

const long = 'x'.repeat(999);

for (const [what, given, want] of [
  [
    'leaves what every host takes',
    'Subject: x\r\nContent-Transfer-Encoding: 8bit\r\n\r\nbody\r\n',
    'Subject: x\r\nContent-Transfer-Encoding: 8bit\r\n\r\nbody\r\n',
  ],
  [
    'makes a message without MIME fields one with them',
    'Subject: x\r\n\r\nGrüße\r\n',
    'Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nGr=C3=BC=C3=9Fe\r\n',
  ],
  [
    'keeps the charset that is given',
    'MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nü\r\n',
    'MIME-Version: 1.0\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=BC\r\n',
  ],
  [
    'encodes UTF-16 and what is no text in base64',
    'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-16le\r\n\r\nü',
    'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-16le\r\nContent-Transfer-Encoding: base64\r\n\r\nw7w=\r\n',
  ],
  [
    'breaks long lines of text, and encodes bare CR and NUL',
    `MIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\n${long}\r\na\rb\r\n`,
    `MIME-Version: 1.0\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n${'x'.repeat(75)}=\r\n`.concat(
      `${'x'.repeat(75)}=\r\n`.repeat(12),
      `${'x'.repeat(24)}\r\na=0Db\r\n`,
    ),
  ],
  [
    'wraps base64 that stands in one line',
    `MIME-Version: 1.0\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: BASE64\r\n\r\n${'AAAA'.repeat(300)}\r\n`,
    `MIME-Version: 1.0\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n${`${'AAAA'.repeat(19)}\r\n`.repeat(15)}${'AAAA'.repeat(15)}\r\n`,
  ],
  [
    'encodes raw octets in quoted-printable',
    'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nü=3D\r\n',
    'MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=BC=3D\r\n',
  ],
  [
    'converts parts, their fields, and the field of what holds them',
    'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\nprä\r\n--b\r\n\r\nü\r\n--b\r\nContent-Type: image/png; name="ü.png"\r\nContent-Transfer-Encoding: binary\r\n\r\nü\r\n--b--\r\n',
    "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: 7bit\r\n\r\npr??\r\n--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=BC\r\n--b\r\nContent-Type: image/png; name*=utf-8''%C3%BC.png\r\nContent-Transfer-Encoding: base64\r\n\r\nw7w=\r\n\r\n--b--\r\n",
  ],
  [
    'converts messages in messages',
    'MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: ü\r\n\r\nü\r\n',
    'MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\nContent-Transfer-Encoding: 7bit\r\n\r\nSubject: =?utf-8?b?w7w=?=\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=C3=BC\r\n',
  ],
] as const) {
  test(`convertMessage ${what}`, () => assert.equal(convert(given), want));
}

for (const [what, message] of [
  [
    'signed parts',
    'Content-Type: multipart/signed; boundary=b\r\nContent-Transfer-Encoding: 8bit\r\n\r\n--b\r\n\r\nü\r\n--b--\r\n',
  ],
  ['unknown encodings', 'Content-Type: text/plain\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nü\r\n'],
  ['reports, which may have no encoding', 'Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; ü\r\n'],
  ['multiparts without a boundary', 'Content-Type: multipart/mixed\r\n\r\nü\r\n'],
] as const) {
  test(`convertMessage leaves ${what} alone`, () =>
    assert.equal(convert(message), latin1.decode(encoder.encode(message))));
}

test('convertMessage for SMTPUTF8 keeps octets over 127, and breaks long lines', () => {
  const message = 'Subject: ü\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nü\r\n';
  assert.equal(convert(message, true), latin1.decode(encoder.encode(message)));
  assert.match(
    convert(`${message}${long}\r\n`, true),
    /^Subject: Ã¼\r\n[^]*Encoding: quoted-printable\r\n\r\n=C3=BC\r\nx+=\r\n/,
  );
});

test('convertMessage calls what is not UTF-8 by the name for that (RFC 1428)', () => {
  const message = octets('Subject: x\r\n\r\nGr\xfc\xdfe\r\n');
  assert.match(latin1.decode(convertMessage(message)), /charset=unknown-8bit\r\n[^]*Gr=FC=DFe\r\n$/);
});

const bodyText = fc.string({
  unit: fc.constantFrom('a', 'b', ' ', '=', '.', '\r\n', 'ü', '例', '\t', '-'),
  maxLength: 400,
});
const bodyOctets = fc
  .string({ unit: fc.constantFrom('\0', '\xff', 'a', '\r', '\n', '\x80'), maxLength: 300 })
  .map((text) => Buffer.from(text, 'latin1').toString('latin1'));

interface Leaf {
  readonly header: string;
  readonly body: string;
}

const leaf: fc.Arbitrary<Leaf> = fc.oneof(
  bodyText.map((body) => ({
    header: 'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n',
    body: utf8AsOctets(body),
  })),
  bodyText.map((body) => ({ header: '', body: utf8AsOctets(body) })),
  bodyOctets.map((body) => ({
    header: 'Content-Type: application/x-data\r\nContent-Transfer-Encoding: binary\r\n',
    body,
  })),
  bodyText.map((body) => ({
    header: 'Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n',
    body: Buffer.from(body).toString('base64'),
  })),
);

function utf8AsOctets(text: string): string {
  return Buffer.from(text).toString('latin1');
}

/** A message of leaves in multiparts and messages, as octets. */
const message: fc.Arbitrary<string> = fc
  .letrec<{ node: Leaf; many: Leaf; nested: Leaf }>((tie) => ({
    node: fc.oneof({ maxDepth: 3 }, leaf, tie('many'), tie('nested')),
    many: fc
      .tuple(fc.array(tie('node'), { minLength: 1, maxLength: 4 }), fc.integer({ min: 0, max: 1e6 }))
      .map(([parts, n]) => ({
        header: `Content-Type: multipart/mixed; boundary="b${n}"\r\nContent-Transfer-Encoding: 8bit\r\n`,
        body: `pr\xc3\xa4\r\n${parts.map(({ header, body }) => `--b${n}\r\n${header}\r\n${body}\r\n`).join('')}--b${n}--\r\n`,
      })),
    nested: tie('node').map(({ header, body }) => ({
      header: 'Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n',
      body: `Subject: \xc3\xbc\r\nMIME-Version: 1.0\r\n${header}\r\n${body}`,
    })),
  }))
  .node.map(
    ({ header, body }) =>
      `From: a@x.example\r\nSubject: Gr\xc3\xbc\xc3\x9fe\r\nMIME-Version: 1.0\r\n${header}\r\n${body}\r\n`,
  );

function index(bytes: Uint8Array) {
  const indexer = new MimeIndexer();
  indexer.push(bytes);
  return indexer.finish();
}

/** Types of all parts, and what their bodies decode to; the line break that base64 ends with is not told apart. */
function contents(bytes: Uint8Array): string[] {
  return flattenParts(index(bytes).root).map(
    (part) => `${part.type}/${part.subtype}: ${isLeaf(part) ? decoded(bytes, part) : ''}`,
  );
}

function isLeaf({ type, message: inner }: Part): boolean {
  return type !== 'multipart' && inner === null;
}

function decoded(bytes: Uint8Array, part: Part): string {
  const decoder = decodeBody(part.encoding);
  const raw = bytes.subarray(part.bodyStart, part.end);
  return latin1.decode(Buffer.concat([decoder.push(raw), decoder.finish()]));
}

test('convertMessage: 7-bit, sendable, the same content in the same parts; a second time changes nothing', () => {
  fc.assert(
    fc.property(message, (text) => {
      const given = octets(text);
      const converted = convertMessage(given);
      const scan = new ContentScan();
      scan.push(converted);
      assert.ok(!scan.has8bit && !scan.hasUnsendable);
      assert.deepEqual(contents(converted), contents(given));
      assert.deepEqual(convertMessage(converted), converted);
    }),
    { numRuns: 300 },
  );
});

test('MessageConverter and ConversionPlanner: chunks do not matter', () => {
  fc.assert(
    fc.property(message, fc.integer({ min: 1, max: 50 }), (text, chunkBytes) => {
      const given = octets(text);
      const planner = new ConversionPlanner(index(given));
      const inChunks = function* (): Generator<Uint8Array> {
        for (let at = 0; at < given.length; at += chunkBytes) yield given.subarray(at, at + chunkBytes);
      };
      for (const chunk of inChunks()) planner.push(chunk);
      const converter = new MessageConverter(planner.finish());
      const pieces: Uint8Array[] = [];
      for (const chunk of inChunks()) pieces.push(...converter.push(chunk));
      pieces.push(...converter.finish());
      assert.deepEqual(new Uint8Array(Buffer.concat(pieces)), new Uint8Array(convertMessage(given)));
    }),
  );
});

test('convertMessage: mailparser and postal-mime read the same before and after', async () => {
  const given = encoder.encode(
    [
      'From: "Jürgen Ä." <j@example.com>',
      'To: Größe <g@example.com>, b@example.com',
      'Subject: Grüße aus Köln – 例え',
      'MIME-Version: 1.0',
      'Content-Type: multipart/mixed; boundary=outer',
      'Content-Transfer-Encoding: 8bit',
      '',
      '--outer',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: 8bit',
      '',
      `Grüße\r\n${'langes Wörterbuch '.repeat(100)}\r\n.`,
      '--outer',
      'Content-Type: application/octet-stream; name="größe.bin"',
      'Content-Disposition: attachment; filename="größe.bin"',
      'Content-Transfer-Encoding: binary',
      '',
      '\0\u0001ÿ',
      '--outer--',
      '',
    ].join('\r\n'),
  );
  const converted = convertMessage(given);
  const parsed = await Promise.all([given, converted].map((bytes) => simpleParser(Buffer.from(bytes))));
  const [before, after] = parsed.map(({ subject, from, text: shown, attachments }) => ({
    subject,
    from: from?.text,
    shown: shown?.replace(/\n+$/, ''),
    attachments: attachments.map(({ filename, content }) => [filename, content.toString('hex')]),
  }));
  assert.deepEqual(after, before);
  const mime = await PostalMime.parse(converted);
  assert.equal(mime.subject, 'Grüße aus Köln – 例え');
  assert.equal(mime.from?.name, 'Jürgen Ä.');
  assert.deepEqual(
    mime.to?.map(({ name, address }) => [name, address]),
    [
      ['Größe', 'g@example.com'],
      ['', 'b@example.com'],
    ],
  );
  assert.ok(mime.text?.startsWith(`Grüße\nlanges Wörterbuch `));
  assert.equal(mime.attachments[0]?.filename, 'größe.bin');
});
