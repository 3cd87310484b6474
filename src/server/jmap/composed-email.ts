import { encodeHex } from '#lib/codecs';
import { SetError } from '#lib/jmap';
import {
  arrangeBody,
  BodyShape,
  composeMessage,
  defaultMimeLimits,
  encodeBody,
  partHead,
  type ComposedLeaf,
  type ComposedPart,
  type PartHead,
  type WrittenEncoding,
} from '#lib/mime';
import type { EventLoop } from '#ports/event-loop';
import { findBlob, type BlobBytes } from './blob-bytes.ts';
import type { MailContext } from './mail-context.ts';
import type { NewBody, NewLeaf, NewPart } from './new-body.ts';
import type { NewEmail } from './new-email.ts';
import { resolvedId } from './set-call.ts';

/** A message that can be written. */
export interface ComposedEmail {
  /** Bytes of all parts before they are encoded. */
  readonly sourceBytes: number;
  readonly chunks: () => AsyncGenerator<Uint8Array>;
}

const encoder = new TextEncoder();
/** Bytes of a text that are encoded at a time. */
const pieceBytes = 64 * 1024;
/** Room for the fields of MIME beside those of the client. */
const mimeFieldBytes = 4096;

/**
 * Finds the blobs of a new email and the transfer encoding of each part.
 * @param maxBytes  Most bytes of all parts before they are encoded.
 * @throws SetError blobNotFound, tooLarge, rateLimit.
 */
export async function composedEmail(
  { fields, body }: NewEmail,
  context: MailContext,
  createdIds: ReadonlyMap<string, string>,
  maxBytes: number,
): Promise<ComposedEmail> {
  // Readers keep no more of a header.
  if (encoder.encode(fields).length > defaultMimeLimits.maxHeaderBytes - mimeFieldBytes)
    throw new SetError('tooLarge', `a header has at most ${defaultMimeLimits.maxHeaderBytes} octets`);
  const { maxSizeAttachmentsPerEmail } = context.limits;
  const sources = await sourcesOf(leavesOf(body), context, createdIds);
  let sourceBytes = 0;
  let fileBytes = 0;
  for (const [{ source }, { sizeBytes }] of sources) {
    sourceBytes += sizeBytes;
    if (source.kind === 'blob') fileBytes += sizeBytes;
  }
  if (fileBytes > maxSizeAttachmentsPerEmail)
    throw new SetError('tooLarge', `the files of an email have at most ${maxSizeAttachmentsPerEmail} octets`);
  if (sourceBytes > maxBytes)
    throw new SetError('rateLimit', `the emails of one call have at most ${context.limits.maxSizeComposed} octets`);
  const leaves = new Map<NewLeaf, ComposedLeaf<BlobBytes>>();
  for (const [leaf, source] of sources) leaves.set(leaf, await composedLeaf(leaf, source, context.account.loop));
  // Random, so that no part holds it.
  const root = composedBody(body, leaves, () => `=_${encodeHex(context.random.bytes(16))}`);
  return { sourceBytes, chunks: () => chunksOf(fields, root, context.account.loop) };
}

function leavesOf(body: NewBody): NewLeaf[] {
  if (body.kind === 'structure') return leavesIn(body.root);
  return [body.text, body.html, ...body.attachments].filter((leaf) => leaf !== null);
}

function leavesIn(part: NewPart): NewLeaf[] {
  return part.kind === 'leaf' ? [part] : part.parts.flatMap(leavesIn);
}

/** Finds the bytes of all leaves. @throws SetError blobNotFound with the ids of all blobs that are missing (RFC 8621 §4.6). */
async function sourcesOf(
  leaves: readonly NewLeaf[],
  context: MailContext,
  createdIds: ReadonlyMap<string, string>,
): Promise<ReadonlyMap<NewLeaf, BlobBytes>> {
  const found = new Map<NewLeaf, BlobBytes>();
  const notFound = new Set<string>();
  for (const leaf of leaves) {
    const { source } = leaf;
    const bytes =
      source.kind === 'text'
        ? textBytes(source.value)
        : await findBlob(resolvedId(source.blobId, createdIds) ?? '', context);
    if (bytes !== null) found.set(leaf, bytes);
    else if (source.kind === 'blob') notFound.add(source.blobId);
    const pause = context.account.loop.pause();
    if (pause !== null) await pause;
  }
  if (notFound.size > 0) throw new SetError('blobNotFound', 'there are no such blobs', [], { notFound: [...notFound] });
  return found;
}

function textBytes(text: string): BlobBytes {
  const bytes = encoder.encode(text);
  return {
    sizeBytes: bytes.length,
    chunks: async function* () {
      for (let at = 0; at < bytes.length; at += pieceBytes)
        yield await Promise.resolve(bytes.subarray(at, at + pieceBytes));
    },
  };
}

/** Types whose content is read by people or line by line, and stays so where it can; other content is base64. */
const textual = /^(?:text\/|message\/|application\/pgp-)/;
/** RFC 2046 §5.2.1: these are not encoded. */
const embedded = /^message\/(?:rfc822|global)$/;

async function composedLeaf(leaf: NewLeaf, source: BlobBytes, loop: EventLoop): Promise<ComposedLeaf<BlobBytes>> {
  const { head } = leaf;
  const { type, params } = head;
  const shape = textual.test(type) ? await shapeOf(source, loop) : null;
  const hasCharset = params.some(({ name }) => name.toLowerCase() === 'charset');
  const charset = shape === null || hasCharset || !type.startsWith('text/') ? null : charsetOf(leaf, shape);
  const withCharset: PartHead =
    charset === null ? head : { ...head, params: [{ name: 'charset', value: charset }, ...params] };
  return { kind: 'leaf', head: withCharset, encoding: encodingOf(type, shape), source };
}

/** Texts of clients are UTF-8. A file that is not ASCII, of which nothing else is said, is called so when it is. */
function charsetOf({ source }: NewLeaf, shape: BodyShape): string | null {
  if (source.kind === 'text') return shape.isAscii ? 'us-ascii' : 'utf-8';
  return shape.isAscii || !shape.isUtf8 ? null : 'utf-8';
}

function encodingOf(type: string, shape: BodyShape | null): WrittenEncoding {
  if (shape === null) return 'base64';
  if (embedded.test(type)) return shape.isAscii ? '7bit' : '8bit';
  return shape.encoding;
}

async function shapeOf(source: BlobBytes, loop: EventLoop): Promise<BodyShape> {
  const shape = new BodyShape();
  for await (const chunk of source.chunks()) {
    shape.push(chunk);
    const pause = loop.pause();
    if (pause !== null) await pause;
  }
  shape.finish();
  return shape;
}

function composedBody(
  body: NewBody,
  leaves: ReadonlyMap<NewLeaf, ComposedLeaf<BlobBytes>>,
  boundary: () => string,
): ComposedPart<BlobBytes> {
  const leafOf = (leaf: NewLeaf): ComposedLeaf<BlobBytes> => leaves.get(leaf) ?? emptyText;
  const partOf = (part: NewPart): ComposedPart<BlobBytes> =>
    part.kind === 'leaf' ? leafOf(part) : { ...part, boundary: boundary(), parts: part.parts.map(partOf) };
  if (body.kind === 'structure') return partOf(body.root);
  const [text, html] = [body.text, body.html].map((leaf) => (leaf === null ? null : leafOf(leaf)));
  const attachments = body.attachments.map(leafOf);
  // A message without a body is an empty text.
  return arrangeBody({ text: text ?? null, html: html ?? null, attachments }, boundary) ?? emptyText;
}

const emptyText: ComposedLeaf<BlobBytes> = {
  kind: 'leaf',
  head: partHead('text/plain', { params: [{ name: 'charset', value: 'us-ascii' }] }),
  encoding: '7bit',
  source: textBytes(''),
};

async function* chunksOf(fields: string, root: ComposedPart<BlobBytes>, loop: EventLoop): AsyncGenerator<Uint8Array> {
  for (const piece of composeMessage(fields, root)) {
    if (piece instanceof Uint8Array) {
      yield piece;
      continue;
    }
    const encode = encodeBody(piece.encoding, textual.test(piece.head.type));
    for await (const chunk of piece.source.chunks()) {
      yield encode.push(chunk);
      const pause = loop.pause();
      if (pause !== null) await pause;
    }
    yield encode.finish();
  }
}
