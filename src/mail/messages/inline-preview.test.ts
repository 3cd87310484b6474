import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MimeIndexer } from '#lib/mime';
import { bodyOfBytes, type ReceivedBody } from '#mail/content';
import { inlinePreview } from './index.ts';

async function previewOf(text: string, kind: ReceivedBody['kind'] = 'inline'): Promise<string | null> {
  const bytes = new TextEncoder().encode(text.replaceAll('\n', '\r\n'));
  const indexer = new MimeIndexer();
  indexer.push(bytes);
  const blob = { kind: 'blob', sizeBytes: bytes.length, id: 'x' as never, crc32: 0 } as const;
  const body = kind === 'inline' ? bodyOfBytes(bytes) : blob;
  return await inlinePreview(indexer.finish(), body);
}

const quoted = '> an earlier line that nobody wants to see in a list of messages\n'.repeat(40);
const two = (first: string, second: string): string =>
  `Content-Type: multipart/alternative; boundary=b\n\n--b\n${first}\n--b\n${second}\n--b--\n`;

for (const [title, text, want] of [
  ['plain text', 'Subject: x\n\nHello Ann,\nhow are you?\n', 'Hello Ann, how are you?'],
  ['no text', 'Subject: x\n\n', ''],
  ['a long quotation first', `Subject: x\n\n${quoted}\nYes, I agree.\n`, 'Yes, I agree.'],
  ['HTML only', 'Content-Type: text/html\n\n<p>Hello</p>\n', null],
  ['plain beside HTML', two('Content-Type: text/plain\n\nHi', 'Content-Type: text/html\n\n<p>Hi</p>'), 'Hi'],
  ['a NUL', 'Subject: x\n\na\0b\n', 'a b'],
] as const) {
  test(`inlinePreview: ${title}`, async () => assert.equal(await previewOf(text), want));
}

test('inlinePreview: characters are whole at every cut, and there are at most 256', async () => {
  for (let pad = 0; pad < 4; pad += 1) {
    const text = await previewOf(
      `Content-Type: text/plain; charset=utf-8\n\n${'>'.repeat(900 + pad)}\n${'漢字'.repeat(3000)}\n`,
    );
    assert.match(text ?? '', /^[漢字]{80,255}…?$/);
  }
});

test('inlinePreview: a blob is left for later', async () => assert.equal(await previewOf('\nhello\n', 'blob'), null));
