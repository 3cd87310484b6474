import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { simpleParser } from 'mailparser';
import PostalMime from 'postal-mime';
import { parseAddressList } from '#lib/message';
import { flattenParts, MimeIndexer, readFlowed } from '#lib/mime';
import { writeFlowed } from './flowed.ts';
import { composeMessage } from './compose.ts';
import type { MessageIndex } from '#lib/mime';
import type { Attachment, Composition } from './composition.ts';

const encoder = new TextEncoder();
const date = { ms: Date.UTC(2024, 0, 2, 3, 4, 5), offsetMinutes: 60 };

function boundaries(): () => string {
  let count = 0;
  return () => `=_b${++count}`;
}

function composition(extra: Partial<Composition>): Composition {
  const from = parseAddressList('Jörg Müller <joerg@example.org>');
  return { from, date, messageId: '<id@example.org>', boundary: boundaries(), ...extra };
}

function indexOf(bytes: Uint8Array): MessageIndex {
  const indexer = new MimeIndexer();
  indexer.push(bytes);
  return indexer.finish();
}

function file(extra: Partial<Attachment>): Attachment {
  const content = Uint8Array.from({ length: 300 }, (_, i) => i & 255);
  return { filename: 'a.bin', type: 'application/octet-stream', content, contentId: null, inline: false, ...extra };
}

const inline = file({ filename: 'i.png', type: 'image/png', contentId: 'i@x', inline: true });

for (const [title, extra, want] of [
  ['nothing', {}, 'text/plain'],
  ['text', { text: 'x' }, 'text/plain'],
  ['html', { html: '<p>x' }, 'text/html'],
  ['text and html', { text: 'x', html: 'y' }, 'multipart/alternative text/plain text/html'],
  ['a file only', { attachments: [file({})] }, 'application/octet-stream'],
  ['text and a file', { text: 'x', attachments: [file({})] }, 'multipart/mixed text/plain application/octet-stream'],
  ['html with a picture', { html: 'y', attachments: [inline] }, 'multipart/related text/html image/png'],
  ['a picture without html', { text: 'x', attachments: [inline] }, 'multipart/mixed text/plain image/png'],
  [
    'everything',
    { text: 'x', html: 'y', attachments: [file({}), inline] },
    'multipart/mixed multipart/related multipart/alternative text/plain text/html image/png application/octet-stream',
  ],
] as const) {
  test(`composeMessage: ${title}`, () => {
    const found = indexOf(composeMessage(composition(extra)));
    assert.deepEqual(found.problems, []);
    assert.equal(
      flattenParts(found.root)
        .map((part) => `${part.type}/${part.subtype}`)
        .join(' '),
      want,
    );
  });
}

test('composeMessage writes what mailparser and postal-mime read', async () => {
  const subject = 'Grüße an alle, die sehr lange Betreffzeilen mögen, und noch viel mehr als das 🎉🎉🎉';
  const text = 'Grüße\n\n-- \nJörg\n';
  const filename = 'Übersicht "neu" – sehr langer Dateiname mit vielen Wörtern und Zeichen 2024.pdf';
  const bytes = composeMessage(
    composition({
      to: parseAddressList('"Doe, Jane" <jane@example.com>, x@example.net'),
      cc: parseAddressList('日本 <jp@example.jp>'),
      bcc: parseAddressList('secret@example.org'),
      replyTo: parseAddressList('reply@example.org'),
      subject,
      inReplyTo: '<a@b>',
      references: ['<z@b>', '<a@b>'],
      headers: [
        { name: 'X-Test', value: 'ü' },
        { name: 'Bcc', value: 'secret@example.org' },
      ],
      text,
      html: '<p>Grüße</p>',
      attachments: [file({ filename, type: 'application/pdf' }), inline],
    }),
  );
  assert.ok(!new TextDecoder().decode(bytes).includes('secret'));
  for (const line of new TextDecoder().decode(bytes).split('\r\n'))
    assert.ok(line.length <= 78 && !/[\r\n]/.test(line), line);
  const mail = await simpleParser(new TextDecoder('latin1').decode(bytes), { skipImageLinks: true });
  assert.equal(mail.subject, subject);
  assert.deepEqual(mail.from?.value, [{ address: 'joerg@example.org', name: 'Jörg Müller' }]);
  // mailparser drops the last line break.
  assert.equal(mail.text, text.trimEnd());
  assert.equal(mail.date?.getTime(), date.ms);
  assert.deepEqual(mail.references, ['<z@b>', '<a@b>']);
  assert.deepEqual(mail.attachments.map((found) => found.filename).sort(), ['i.png', filename]);
  const post = await PostalMime.parse(bytes);
  assert.equal(post.subject, subject);
  assert.deepEqual(post.to, [
    { address: 'jane@example.com', name: 'Doe, Jane' },
    { address: 'x@example.net', name: '' },
  ]);
  assert.deepEqual(post.cc, [{ address: 'jp@example.jp', name: '日本' }]);
  assert.equal(post.text, text);
  assert.equal(post.html?.trim(), '<p>Grüße</p>');
  assert.deepEqual(post.attachments.map((found) => found.filename).sort(), ['i.png', filename]);
  for (const found of post.attachments)
    assert.deepEqual(new Uint8Array(found.content as ArrayBuffer), file({}).content);
});

test('composeMessage chooses the transfer encoding by content', () => {
  const encodings = (extra: Partial<Composition>): string[] => {
    return flattenParts(indexOf(composeMessage(composition(extra))).root).map((part) => part.encoding);
  };
  assert.deepEqual(encodings({ text: 'plain' }), ['7bit']);
  assert.deepEqual(encodings({ text: 'mostly plain, but ä' }), ['quoted-printable']);
  assert.deepEqual(encodings({ text: '日本語' }), ['base64']);
  assert.deepEqual(encodings({ html: 'x'.repeat(2000) }), ['quoted-printable']);
  assert.deepEqual(
    encodings({ attachments: [file({ type: 'message/rfc822', content: encoder.encode('A: b\r\n\r\nx') })] }),
    ['7bit', '7bit'],
  );
  assert.deepEqual(encodings({ attachments: [file({ type: 'bad type' })] }), ['base64']);
});

test('composeMessage refuses a header name that would break the header', () => {
  const headers = [{ name: 'A: b\r\nC', value: 'x' }];
  assert.throws(() => composeMessage(composition({ headers })), RangeError);
});

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
