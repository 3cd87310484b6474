import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeBody, findPart, MimeIndexer, type MessageIndex } from '#lib/mime';
import { bodyOfBytes, ContentWriter, receivedMessageBytes } from '#mail/content';
import { tempStore } from '#testing/temp-store';
import { encodeBinaryParts } from './encode-binary.ts';

const bytesOf = (text: string) => Buffer.from(text, 'latin1');
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

function indexOf(bytes: Uint8Array): MessageIndex {
  const indexer = new MimeIndexer();
  indexer.push(bytes);
  return indexer.finish();
}

/** The message as it would be stored. */
async function stored(text: string): Promise<{ text: string; index: MessageIndex }> {
  await using store = await tempStore();
  const bytes = bytesOf(text);
  await using made = await encodeBinaryParts({ body: bodyOfBytes(bytes), index: indexOf(bytes) }, store.account.blobs);
  const content = receivedMessageBytes(store.account.blobs, made.body);
  return { text: textOf(await content.bytes(0, content.sizeBytes)), index: made.index };
}

for (const [title, given, want] of [
  [
    'a message',
    'Subject: x\r\n\r\na\0b',
    'Subject: x\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\nYQBi\r\n',
  ],
  [
    'a message that says what it is',
    'content-transfer-encoding: binary\r\nMIME-Version: 1.0 (x)\r\nContent-Transfer-Encoding: 8bit\r\nX: y\r\n\r\na\0b\r\n',
    'MIME-Version: 1.0 (x)\r\nX: y\r\nContent-Transfer-Encoding: base64\r\n\r\nYQBiDQo=\r\n',
  ],
  [
    'parts, of which one is binary',
    'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\r\n--b\r\n\r\ntext\r\n' +
      '--b\r\nContent-Transfer-Encoding: binary\r\n\r\n\0\r\n\r\n--b\r\n\r\nend\r\n--b--\r\n',
    'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\r\n--b\r\n\r\ntext\r\n' +
      '--b\r\nContent-Transfer-Encoding: base64\r\n\r\nAA0K\r\n--b\r\n\r\nend\r\n--b--\r\n',
  ],
  [
    'a part without fields, with LF, in a message inside',
    'Content-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n\0\n--b--\n',
    'Content-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=b\n\n--b\n' +
      'Content-Transfer-Encoding: base64\r\n\nAA==\r\n--b--\n',
  ],
  ['no NUL', 'Subject: x\r\n\r\nab', 'Subject: x\r\n\r\nab'],
  ['a NUL in a header', 'Subject: \0\r\n\r\nab', 'Subject: \0\r\n\r\nab'],
  [
    'a NUL among the letters of an encoding, which decoders pass over',
    'Content-Transfer-Encoding: BASE64\r\n\r\nYQ\0Bi',
    'Content-Transfer-Encoding: BASE64\r\n\r\nYQ\0Bi',
  ],
] as const) {
  test(`encodeBinaryParts of ${title}`, async () => {
    const made = await stored(given);
    assert.equal(made.text, want);
    assert.deepEqual(made.index, indexOf(bytesOf(want)));
  });
}

test('encodeBinaryParts keeps the octets of large parts, in blobs too', async () => {
  await using store = await tempStore();
  const { blobs } = store.account;
  const octets = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 7) % 256);
  const head =
    'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: image/x\r\n\r\n';
  const whole = Buffer.concat([bytesOf(head), octets, bytesOf('\r\n--b--\r\n')]);
  await using writer = new ContentWriter({ blobs });
  for (let at = 0; at < whole.length; at += 10_000) await writer.write(whole.subarray(at, at + 10_000));
  await using made = await encodeBinaryParts({ body: await writer.finish(), index: indexOf(whole) }, blobs);
  assert.equal(made.index.hasNul, false);
  const part = findPart(made.index.root, [1]);
  assert.ok(part);
  assert.deepEqual([part.type, part.encoding], ['image', 'base64']);
  const content = receivedMessageBytes(blobs, made.body);
  assert.equal(content.sizeBytes, made.index.sizeBytes);
  const decoder = decodeBody(part.encoding);
  const pieces = [decoder.push(await content.bytes(part.bodyStart, part.end)), decoder.finish()];
  assert.deepEqual(Buffer.concat(pieces), Buffer.from(octets));
});
