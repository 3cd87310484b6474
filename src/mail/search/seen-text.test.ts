import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MimeIndexer } from '#lib/mime';
import { FakeLoop } from '#testing/fake-loop';
import type { TextCondition } from '#lib/search';
import { TextMatcher } from './index.ts';

const loop = new FakeLoop();

/** Lines of a message; as UTF-8, or each character as a byte. */
interface Sample {
  readonly lines: readonly string[];
  readonly isLatin1?: boolean;
}

async function matches({ lines, isLatin1 = false }: Sample, key: TextCondition): Promise<boolean | undefined> {
  const text = lines.map((line) => `${line}\r\n`).join('');
  const bytes = isLatin1 ? Buffer.from(text, 'latin1') : new TextEncoder().encode(text);
  const indexer = new MimeIndexer();
  indexer.push(bytes);
  const { root } = indexer.finish();
  const header = bytes.subarray(0, root.bodyStart);
  const found = await new TextMatcher([key], loop).match({
    header,
    root,
    bytes: (from, to) => bytes.subarray(from, to),
  });
  return found[0];
}

function attachment(...fields: readonly string[]): Sample {
  const part = ['--b', ...fields, 'Content-Transfer-Encoding: base64', '', 'JVBERi0xLjQK', '--b--'];
  return { lines: ['Content-Type: multipart/mixed; boundary=b', '', '--b', '', 'see file', ...part] };
}

function text(contentType: string, ...body: readonly string[]): Sample {
  return { lines: [`Content-Type: ${contentType}`, '', ...body] };
}

const latin1 = (sample: Sample): Sample => ({ ...sample, isLatin1: true });

const rows: readonly (readonly [string, Sample, TextCondition['kind'], string, boolean])[] = [
  // MIME part headers and attachment names (RFC 9051 §6.4.4: TEXT).
  [
    'name of an attachment',
    attachment('Content-Type: application/pdf; name="invoice-77.pdf"'),
    'text',
    'invoice-77',
    true,
  ],
  [
    'name of an attachment',
    attachment('Content-Type: application/pdf; name="invoice-77.pdf"'),
    'body',
    'invoice-77',
    false,
  ],
  [
    'RFC 2047 name',
    attachment('Content-Disposition: attachment; filename="=?utf-8?Q?Z=C3=BCrich.pdf?="'),
    'text',
    'ZÜRICH',
    true,
  ],
  [
    'RFC 2231 name',
    attachment("Content-Disposition: attachment; filename*=utf-8''Z%C3%BCrich.pdf"),
    'text',
    'zürich.pdf',
    true,
  ],
  [
    'RFC 2231 pieces',
    attachment('Content-Disposition: attachment; filename*0="annual-";', ' filename*1="report.pdf"'),
    'text',
    'annual-report.pdf',
    true,
  ],
  ['raw UTF-8 name', attachment('Content-Type: application/pdf; name="Zürich.pdf"'), 'text', 'zürich', true],
  ['Content-Description', attachment('Content-Description: the signed lease'), 'text', 'signed lease', true],
  ['Content-ID', attachment('Content-ID: <part77@example.org>'), 'text', 'part77@example.org', true],
  ['encoded content', attachment('Content-Type: application/pdf'), 'text', 'JVBERi0', false],
  // Charset labels that are missing, wrong or unknown: UTF-8 first, then the label, then windows-1252.
  ['us-ascii, UTF-8', text('text/plain; charset=us-ascii', 'Zwölf Boxer'), 'body', 'Zwölf', true],
  ['us-ascii, windows-1252', latin1(text('text/plain; charset=us-ascii', 'Zw\u00f6lf Boxer')), 'body', 'Zwölf', true],
  ['no label, UTF-8', text('text/plain', 'Zwölf Boxer'), 'body', 'zwölf boxer', true],
  ['no label, windows-1252', latin1(text('text/plain', 'caf\u00e9 5 \u0080')), 'body', 'café 5 €', true],
  ['unknown label', latin1(text('text/plain; charset=x-none', 'caf\u00e9')), 'body', 'CAFÉ', true],
  ['iso-8859-1, UTF-8', text('text/plain; charset=iso-8859-1', 'Zwölf'), 'body', 'Zwölf', true],
  ['utf-8, windows-1252', latin1(text('text/plain; charset=utf-8', 'Zw\u00f6lf')), 'body', 'Zwölf', true],
  ['koi8-r', latin1(text('text/plain; charset=koi8-r', '\u00ed\u00c9\u00d2')), 'body', 'мир', true],
  ['iso-2022-jp', text('text/plain; charset=iso-2022-jp', '\u001b$B$"\u001b(B'), 'body', 'あ', true],
  ['utf-7', text('text/plain; charset=utf-7', 'Z+APw-rich'), 'body', 'zürich', true],
  ['composed and not', text('text/plain; charset=utf-8', 'cafe\u0301'), 'body', 'café', true],
  [
    'wrong label of an encoded word',
    { lines: ['Subject: =?iso-8859-1?Q?Zw=C3=B6lf?=', '', ''] },
    'text',
    'zwölf',
    true,
  ],
  // HTML: what is shown, and the source.
  ['entities', text('text/html', '<p>Z&uuml;rich &amp; more</p>'), 'body', 'zürich & more', true],
  ['tags inside a word', text('text/html', '<p><b>W</b>ord <i>by</i> word</p>'), 'body', 'word by word', true],
  [
    'address behind a link',
    text('text/html', '<a href="https://example.org/x?y=1">here</a>'),
    'body',
    'example.org/x?y=1',
    true,
  ],
  // Lines.
  ['wrapped lines', text('text/plain', 'could not', '  be delivered'), 'body', 'not be delivered', true],
  [
    'quoted-printable',
    { lines: ['Content-Transfer-Encoding: quoted-printable', '', 'a very lo=', 'ng line'] },
    'body',
    'long line',
    true,
  ],
  ['word that is there, phrase that is not', text('text/plain', 'one two'), 'body', 'two one', false],
  ['encoded words are not text', { lines: ['Subject: =?utf-8?q?abc?=', '', ''] }, 'text', 'utf-8', false],
  ['field name', { lines: ['Subject: lunch', '', ''] }, 'text', 'subject: lunch', true],
];

for (const [name, sample, kind, value, want] of rows) {
  test(`TextMatcher: ${kind} ${JSON.stringify(value)}, ${name}: ${want ? 'found' : 'not found'}`, async () => {
    const key: TextCondition = kind === 'header' ? { kind, name: 'subject', value } : { kind, value };
    assert.equal(await matches(sample, key), want);
  });
}

for (const [field, value, want] of [
  ['From: "Smith\\, John" <john@example.org>', 'smith, john', true],
  ['From: "John Smith" <john@example.org>', 'john smith <john@', true],
  ['From: "John Smith" <john@example.org>', '"john smith"', true],
  ['From: john@example.org (John Smith)', 'John Smith <john@example.org>', true],
  ['From: =?utf-8?q?J=C3=B6rg?= <joerg@example.org>', 'Jörg <joerg', true],
  ['From: john . smith @ example . org', 'john.smith@example.org', true],
  ['From: =?utf-8?q?J=C3=B6rg?= <joerg@example.org>', 'utf-8', false],
  ['From: a@example.org,\r\n b@example.org', 'a@example.org, b@example.org', true],
] as const) {
  test(`TextMatcher: FROM ${JSON.stringify(value)} in ${field}: ${want ? 'found' : 'not found'}`, async () => {
    assert.equal(await matches({ lines: [field, '', ''] }, { kind: 'header', name: 'from', value }), want);
  });
}
