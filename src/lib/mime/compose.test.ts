import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { simpleParser } from 'mailparser';
import PostalMime from 'postal-mime';
import { joinBytes } from '#lib/codecs';
import { parseAddressList, writeAddresses, writeUnstructured } from '#lib/message';
import { flattenParts, MimeIndexer, readFlowed, type MessageIndex } from '#lib/mime';
import { BodyShape, type WrittenEncoding } from './body-shape.ts';
import { composeMessage, encodeBody } from './compose.ts';
import { arrangeBody } from './compose-body.ts';
import { partHead, type ComposedLeaf, type ComposedPart, type PartHead } from './composition.ts';
import { writeFlowed } from './flowed.ts';

const encoder = new TextEncoder();

type Leaf = ComposedLeaf<Uint8Array>;

function boundaries(): () => string {
  let count = 0;
  return () => `=_b${++count}`;
}

function composed(fields: string, root: ComposedPart<Uint8Array>): Uint8Array {
  const pieces: Uint8Array[] = [];
  for (const piece of composeMessage(fields, root)) {
    if (piece instanceof Uint8Array) pieces.push(piece);
    else {
      const encode = encodeBody(piece.encoding, piece.head.type.startsWith('text/'));
      pieces.push(encode.push(piece.source), encode.finish());
    }
  }
  return joinBytes(pieces);
}

function indexOf(bytes: Uint8Array): MessageIndex {
  const indexer = new MimeIndexer();
  indexer.push(bytes);
  return indexer.finish();
}

function shapeOf(bytes: Uint8Array, pieceBytes = bytes.length): BodyShape {
  const shape = new BodyShape();
  for (let at = 0; at < bytes.length; at += pieceBytes) shape.push(bytes.subarray(at, at + pieceBytes));
  shape.finish();
  return shape;
}

function text(type: string, value: string): Leaf {
  const source = encoder.encode(value);
  const head = partHead(type, { params: [{ name: 'charset', value: 'utf-8' }] });
  return { kind: 'leaf', head, encoding: shapeOf(source).encoding, source };
}

const bytes = Uint8Array.from({ length: 300 }, (_, i) => i & 255);

function file(type: string, name: string, more: Partial<PartHead> = {}): Leaf {
  const disposition = { type: 'attachment', params: [{ name: 'filename', value: name }] };
  return { kind: 'leaf', head: partHead(type, { disposition, ...more }), encoding: 'base64', source: bytes };
}

const plain = text('text/plain', 'x');
const html = text('text/html', '<p>y');
const pdf = file('application/pdf', 'a.pdf');
const image = file('image/png', 'i.png', { disposition: null, contentId: 'i@x' });

for (const [title, leaves, want] of [
  ['nothing', {}, null],
  ['text', { text: plain }, 'text/plain'],
  ['html', { html }, 'text/html'],
  ['text and html', { text: plain, html }, 'multipart/alternative text/plain text/html'],
  ['a file only', { attachments: [pdf] }, 'application/pdf'],
  ['text and a file', { text: plain, attachments: [pdf] }, 'multipart/mixed text/plain application/pdf'],
  ['html with a picture', { html, attachments: [image] }, 'multipart/related text/html image/png'],
  ['a picture without html', { text: plain, attachments: [image] }, 'multipart/mixed text/plain image/png'],
  [
    'everything',
    { text: plain, html, attachments: [pdf, image] },
    'multipart/mixed multipart/related multipart/alternative text/plain text/html image/png application/pdf',
  ],
] as const) {
  test(`arrangeBody: ${title}`, () => {
    const root = arrangeBody({ text: null, html: null, attachments: [], ...leaves }, boundaries());
    if (root === null || want === null) {
      assert.equal(root, want);
      return;
    }
    const found = indexOf(composed('', root));
    assert.deepEqual(found.problems, []);
    const types = flattenParts(found.root).map(({ type, subtype }) => `${type}/${subtype}`);
    assert.equal(types.join(' '), want);
  });
}

test('composeMessage writes what mailparser and postal-mime read', async () => {
  const subject = 'Grüße an alle, die sehr lange Betreffzeilen mögen, und noch viel mehr als das 🎉🎉🎉';
  const body = 'Grüße\r\n\r\n-- \r\nJörg\r\n';
  const filename = 'Übersicht "neu" – sehr langer Dateiname mit vielen Wörtern und Zeichen 2024.pdf';
  const fields =
    writeAddresses('From', parseAddressList('Jörg Müller <joerg@example.org>')) +
    writeAddresses('To', parseAddressList('"Doe, Jane" <jane@example.com>, x@example.net')) +
    writeUnstructured('Subject', subject) +
    'Date: Tue, 02 Jan 2024 03:04:05 +0100\r\n';
  const languages = { language: ['en', 'de'], location: 'https://example.org/i.png', fields: 'X-Part: 1\r\n' };
  const leaves = {
    text: text('text/plain', body),
    html: text('text/html', '<p>Grüße</p>'),
    attachments: [file('application/pdf', filename), file('image/png', 'i.png', { contentId: 'i@x', ...languages })],
  };
  const root = arrangeBody(leaves, boundaries()) ?? assert.fail();
  const message = composed(fields, root);
  for (const line of new TextDecoder().decode(message).split('\r\n'))
    assert.ok(line.length <= 78 && !/[\r\n]/.test(line), line);
  const mail = await simpleParser(new TextDecoder('latin1').decode(message), { skipImageLinks: true });
  assert.equal(mail.subject, subject);
  assert.deepEqual(mail.from?.value, [{ address: 'joerg@example.org', name: 'Jörg Müller' }]);
  // mailparser writes LF.
  assert.equal(mail.text, body.replaceAll('\r\n', '\n'));
  assert.deepEqual(mail.attachments.map((found) => found.filename).sort(), ['i.png', filename]);
  const post = await PostalMime.parse(message);
  assert.equal(post.subject, subject);
  assert.deepEqual(post.to, [
    { address: 'jane@example.com', name: 'Doe, Jane' },
    { address: 'x@example.net', name: '' },
  ]);
  assert.equal(post.html?.trim(), '<p>Grüße</p>');
  assert.deepEqual(post.attachments.map((found) => found.filename).sort(), ['i.png', filename]);
  for (const found of post.attachments) assert.deepEqual(new Uint8Array(found.content as ArrayBuffer), bytes);
  const part = flattenParts(indexOf(message).root).find(({ id }) => id !== null);
  assert.deepEqual([part?.id, part?.language, part?.location], ['<i@x>', ['en', 'de'], languages.location]);
});

test('composeMessage names the type of the root of multipart/related, unless it is given', () => {
  const typed = { name: 'type', value: 'text/plain' };
  for (const [params, want] of [
    [[], 'text/html'],
    [[typed], 'text/plain'],
  ] as const) {
    const head = partHead('multipart/related', { params });
    const { root } = indexOf(composed('', { kind: 'multipart', head, boundary: 'b', parts: [html, image] }));
    assert.deepEqual(
      root.params.filter(({ name }) => name === 'type').map(({ value }) => value),
      [want],
    );
  }
});

for (const [title, value, encoding, isUtf8] of [
  ['ASCII', 'plain\r\ntext', '7bit', true],
  ['nothing', '', '7bit', true],
  ['some letters', 'mostly plain, but ä', 'quoted-printable', true],
  ['other scripts', '日本語', 'base64', true],
  ['a line of 998 bytes', `${'x'.repeat(998)}\r\ny`, '7bit', true],
  ['a line of 999 bytes', `y\r\n${'x'.repeat(999)}`, 'quoted-printable', true],
  ['a lone LF', 'line\nbreak and more text', 'quoted-printable', true],
  ['a lone CR', 'line\rbreak and more text', 'quoted-printable', true],
  ['a CR at the end', 'a text that ends so\r', 'quoted-printable', true],
  ['CR CR LF', 'a text that has so\r\r\n', 'quoted-printable', true],
  ['NUL', 'a text that has \0', 'quoted-printable', true],
  ['half a character', Uint8Array.from([0xe2, 0x82]), 'base64', false],
  ['no UTF-8', Uint8Array.from([...encoder.encode('a text that is latin1: '), 0xe4, 0x20]), 'quoted-printable', false],
] as const satisfies readonly (readonly [string, string | Uint8Array, WrittenEncoding, boolean])[]) {
  test(`BodyShape: ${title} is ${encoding}, also byte by byte`, () => {
    const source = typeof value === 'string' ? encoder.encode(value) : value;
    for (const shape of [shapeOf(source), shapeOf(source, 1), shapeOf(source, 3)])
      assert.deepEqual([shape.encoding, shape.isUtf8], [encoding, isUtf8]);
  });
}

for (const [given, want] of [
  ['short', 'short\r\n'],
  ['a\nb\n', 'a\r\nb\r\n'],
  [' lead', '  lead\r\n'],
  ['From here', ' From here\r\n'],
  ['trail   ', 'trail\r\n'],
  ['-- ', '-- \r\n'],
  ['> q', '> q\r\n'],
  ['>> q', '>> q\r\n'],
  ['>', '>\r\n'],
  ['', ''],
  [`${'word '.repeat(16)}end`, `${'word '.repeat(15)}\r\nword end\r\n`],
  [`> ${'word '.repeat(16)}end`, `> ${'word '.repeat(14)}\r\n> word word end\r\n`],
  ['x'.repeat(200), `${'x'.repeat(200)}\r\n`],
] as const) {
  test(`writeFlowed(${JSON.stringify(given)})`, () => assert.equal(writeFlowed(given), want));
}

test('readFlowed restores what writeFlowed wrote', () => {
  const word = fc.constantFrom('a', 'From', '>x', '--', 'longer', 'ä', 'x'.repeat(90), ' ');
  const line = fc.array(word, { maxLength: 40 }).map((words) => words.join(' ').trimEnd().replace(/^>+ ?/, ''));
  const check = fc.property(fc.array(line, { minLength: 1, maxLength: 6 }), (lines) => {
    const text = `${lines.join('\n')}\n`;
    assert.equal(readFlowed(writeFlowed(text)), text);
  });
  fc.assert(check, { numRuns: 300, seed: 7 });
});
