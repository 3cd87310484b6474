import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeBody, htmlToText, MimeIndexer, preview } from '#lib/mime';
import { samples } from '#testing/mime-samples';
import { extractText } from './body.ts';

const encoder = new TextEncoder();

for (const [given, want] of [
  ['<p>Hello <b>world</b></p><p>x</p>', 'Hello world\nx'],
  ['a &amp; b &lt;c&gt; &#233;&#xE9; &eacute; &nbsp;x &bogus; &#0;', 'a & b <c> éé é x &bogus; \ufffd'],
  ['<style>p{}</style>x<script>if (a<b) "</p>"</script>y', 'xy'],
  ['<!-- <p>no</p> -->yes', 'yes'],
  ['<a title="a>b" href=x>link</a>', 'link'],
  ['1 < 2 and 3 > 2', '1 < 2 and 3 > 2'],
  ['a<br/>b<br>c', 'a\nb\nc'],
  ['<unclosed', ''],
  ['<script>never closed', ''],
  ["it's <b>it's</b>", "it's it's"],
] as const) {
  test(`htmlToText(${JSON.stringify(given)})`, () => assert.equal(htmlToText(given), want));
}

test('htmlToText leaves out quotations when asked', () => {
  assert.equal(htmlToText('a<blockquote>b<blockquote>c</blockquote>d</blockquote>e', { skipQuotes: true }), 'a\ne');
});

test('htmlToText is linear on junk', () => {
  for (const junk of [
    '<',
    '<a ',
    '<!--',
    '<script>',
    '&',
    '&#',
    '<b="',
    "<a href='",
    '</',
    ' \n',
    '<b> ',
    '<br> <b>',
  ]) {
    htmlToText(junk.repeat(50_000));
  }
});

async function show(message: string): Promise<string> {
  const bytes = encoder.encode(message);
  const indexer = new MimeIndexer();
  indexer.push(bytes);
  return await preview(indexer.finish(), (start, end) => Promise.resolve(bytes.subarray(start, end)));
}

for (const [title, given, want] of [
  ['plain text', 'A: b\r\n\r\nHello\r\n  world\r\n', 'Hello world'],
  ['the signature', 'A: b\r\n\r\nHello\r\n-- \r\nMe\r\n', 'Hello'],
  ['quotations', 'A: b\r\n\r\nOn Monday, X wrote:\r\n> old\r\n> older\r\n\r\nnew\r\n', 'new'],
  ['a colon that starts no quotation', 'A: b\r\n\r\nList:\r\none\r\n', 'List: one'],
  [
    'long URLs',
    'A: b\r\n\r\nsee https://example.org/a/very/long/path/with/tracking?x=1 now',
    'see https://example.org/… now',
  ],
  ['HTML', 'Content-Type: text/html\r\n\r\n<p>Hi</p><blockquote>old</blockquote>', 'Hi'],
  ['an encoded part', samples.nested ?? '', 'Grüße'],
  [
    'flowed text',
    'Content-Type: text/plain; format=flowed; delsp=yes\r\n\r\n exam \r\nple\r\n> old \r\n> er\r\n-- \r\nx',
    'example',
  ],
  ['nothing', 'Content-Type: image/png\r\n\r\nx', ''],
  ['runs of spaces', 'A: b\r\n\r\none   two\r\n  three\r\n', 'one two three'],
  ['runs of white space and invisible characters', 'A: b\r\n\r\none\t\u00ad two\r\n\u200bthree \r\n', 'one two three'],
  ['text of 256 characters', `A: b\r\n\r\n${'x'.repeat(256)}`, 'x'.repeat(256)],
  ['text of 257 characters', `A: b\r\n\r\n${'é'.repeat(257)}`, `${'é'.repeat(255)}…`],
  ['a pair of surrogates at the end', `A: b\r\n\r\n${'x'.repeat(255)}🎉`, `${'x'.repeat(255)}🎉`],
  ['long text', `A: b\r\n\r\n${'lorem '.repeat(100)}`, `${'lorem '.repeat(42).trim()}…`],
] as const) {
  test(`preview: ${title}`, async () => assert.equal(await show(given), want));
}

test('preview never has more than 256 characters', async () => {
  assert.equal(Array.from(await show(`A: b\r\n\r\n${'🎉'.repeat(1000)}`)).length, 256);
});

test('extractText decodes the charset and reads no more than it may', async () => {
  const bytes = encoder.encode(
    'Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n=E9=E9=E9',
  );
  const indexer = new MimeIndexer();
  indexer.push(bytes);
  const { root } = indexer.finish();
  const read = (start: number, end: number): Promise<Uint8Array> => Promise.resolve(bytes.subarray(start, end));
  assert.equal(await extractText(root, read), 'ééé');
  assert.equal(await extractText(root, read, { maxBytes: 6 }), 'éé');
});

test('decodeBody passes unknown encodings through', () => {
  for (const [encoding, given, want] of [
    ['base64', 'aGk=', 'hi'],
    ['quoted-printable', 'h=69', 'hi'],
    ['8bit', 'hi', 'hi'],
    ['x-new', 'hi', 'hi'],
  ] as const) {
    const decoder = decodeBody(encoding);
    const text = new TextDecoder();
    assert.equal(
      text.decode(decoder.push(encoder.encode(given)), { stream: true }) + text.decode(decoder.finish()),
      want,
    );
  }
});
