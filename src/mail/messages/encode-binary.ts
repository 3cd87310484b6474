import { Base64Encoder } from '#lib/codecs';
import { parseHeader } from '#lib/message';
import { flattenParts, MimeIndexer, type MessageIndex, type Part } from '#lib/mime';
import { ContentWriter, receivedMessageBytes, type MessageBytes, type ReceivedBody } from '#mail/content';
import type { BlobStore } from '#ports/blobs';

/** A received message in the form in which it is stored. Disposing it drops what was made for it, not what it was made of. */
export interface StorableMessage extends AsyncDisposable {
  readonly body: ReceivedBody;
  readonly index: MessageIndex;
}

/**
 * Returns a message as an IMAP literal can carry it: parts with a NUL that are not encoded are encoded as base64, with a
 * Content-Transfer-Encoding that says so (RFC 9051 §4.3.1). This is done before the message is stored, so that sizes, structure, sections and
 * partial fetches agree, and BINARY gives the octets back. Other messages are returned as they are. NULs in headers and between
 * parts stay: nothing can encode them.
 */
export async function encodeBinaryParts(
  message: { readonly body: ReceivedBody; readonly index: MessageIndex },
  blobs: BlobStore,
): Promise<StorableMessage> {
  const same = { ...message, [Symbol.asyncDispose]: () => Promise.resolve() };
  if (!message.index.hasNul) return same;
  const content = receivedMessageBytes(blobs, message.body);
  const parts: Part[] = [];
  for (const part of flattenParts(message.index.root)) if (await isBinary(part, content)) parts.push(part);
  if (parts.length === 0) return same;
  await using undo = new AsyncDisposableStack();
  const writer = undo.use(new ContentWriter({ blobs }));
  const indexer = new MimeIndexer();
  for await (const chunk of encoded(content, parts, message.index.root)) {
    indexer.push(chunk);
    await writer.write(chunk);
  }
  const made = { body: await writer.finish(), index: indexer.finish() };
  const kept = undo.move();
  return { ...made, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** True for a part with a body of its own that holds a NUL, is not encoded, and has a header that can say that it is. */
async function isBinary(part: Part, content: MessageBytes): Promise<boolean> {
  const isLeaf = part.parts.length === 0 && part.message === null && part.bodyStart > part.headerStart;
  if (!isLeaf || part.encoding === 'base64' || part.encoding === 'quoted-printable') return false;
  for await (const chunk of content.stream(part.bodyStart, part.end)) if (chunk.includes(0)) return true;
  return false;
}

/** The message with these parts, in their order, encoded. */
async function* encoded(content: MessageBytes, parts: readonly Part[], root: Part): AsyncGenerator<Uint8Array> {
  let at = 0;
  for (const part of parts) {
    yield* copies(content.stream(at, part.headerStart));
    yield* encodedHeader(await content.bytes(part.headerStart, part.bodyStart), part === root);
    const encoder = new Base64Encoder();
    for await (const chunk of content.stream(part.bodyStart, part.end)) yield encoder.push(chunk);
    yield encoder.finish();
    at = part.end;
    // The line break after the last line of the encoding is the one that belongs to the boundary.
    if (at < content.sizeBytes && (await content.bytes(at, at + 1))[0] === CR) at += 2;
    else if (at < content.sizeBytes) at += 1;
  }
  yield* copies(content.stream(at, content.sizeBytes));
}

/** Streams may reuse their buffers, and a writer keeps what it is given. */
async function* copies(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) yield chunk.slice();
}

const CR = 13;
const LF = 10;
const textEncoder = new TextEncoder();
const encodingField = textEncoder.encode('Content-Transfer-Encoding: base64\r\n');
const versionField = textEncoder.encode('MIME-Version: 1.0\r\n');

/** A header whose only Content-Transfer-Encoding is base64; that of a whole message says that it is MIME (RFC 2045 §4). */
function encodedHeader(header: Uint8Array, isMessage: boolean): Uint8Array[] {
  const fields = parseHeader(header);
  const pieces: Uint8Array[] = [];
  const fieldsEnd = fields.at(-1)?.end ?? 0;
  for (const field of fields) {
    if (field.name !== 'content-transfer-encoding') pieces.push(header.slice(field.start, field.end));
  }
  if (isMessage && !fields.some(({ name }) => name === 'mime-version')) pieces.push(versionField);
  pieces.push(encodingField, header.slice(fieldsEnd));
  const last = header.at(-1);
  // A header that ends with the message has no body; one that ends otherwise ends with an empty line.
  if (last !== LF && last !== CR) pieces.push(Uint8Array.of(CR, LF));
  return pieces;
}
