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
import { bodyOfBytes, receivedMessageBytes } from '#mail/content';
import type { EventLoop } from '#ports/event-loop';
import type { BlobContent } from './blob-content.ts';
import type { BlobReads } from './blob-reads.ts';
import type { MailContext } from './mail-context.ts';
import type { NewBody, NewLeaf, NewPart } from './new-body.ts';
import type { NewEmail } from './new-email.ts';

/** A message that can be written. */
export interface ComposedEmail {
  /** Bytes of all parts before they are encoded. */
  readonly sourceBytes: number;
  readonly chunks: () => AsyncGenerator<Uint8Array>;
}

const encoder = new TextEncoder();

/**
 * Finds the blobs of a new email and the transfer encoding of each part.
 * @param maxBytes  Most bytes of all parts before they are encoded.
 * @throws SetError blobNotFound, tooLarge, rateLimit.
 */
export async function composedEmail(
  { fields, body }: NewEmail,
  context: MailContext,
  reads: BlobReads,
  maxBytes: number,
): Promise<ComposedEmail> {
  const { maxSizeAttachmentsPerEmail } = context.limits;
  const sources = await sourcesOf(leavesOf(body), context, reads);
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
  const leaves = new Map<NewLeaf, ComposedLeaf<BlobContent>>();
  for (const [leaf, source] of sources) leaves.set(leaf, await composedLeaf(leaf, source, context.account.loop));
  // Random, so that no part holds it.
  const boundary = (): string => `=_${encodeHex(context.random.bytes(16))}`;
  const root = composedBody(body, leaves, boundary) ?? emptyText(context);
  refuseLongHeaders(fields, root);
  return { sourceBytes, chunks: () => chunksOf(fields, root, context.account.loop) };
}

/** Readers keep no more of one header, and of all headers of a message. @throws SetError tooLarge. */
function refuseLongHeaders(fields: string, root: ComposedPart<BlobContent>): void {
  const { maxHeaderBytes, maxAllHeaderBytes } = defaultMimeLimits;
  const sizes = [...composeMessage(fields, root)].map((piece) => (piece instanceof Uint8Array ? piece.length : 0));
  // The first two pieces are the header of the message.
  const [first = 0, second = 0, ...others] = sizes;
  if (
    Math.max(first + second, ...others) > maxHeaderBytes ||
    sizes.reduce((sum, size) => sum + size) > maxAllHeaderBytes
  )
    throw new SetError(
      'tooLarge',
      `a header has at most ${maxHeaderBytes} octets, all of an email ${maxAllHeaderBytes}`,
    );
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
  reads: BlobReads,
): Promise<ReadonlyMap<NewLeaf, BlobContent>> {
  const found = new Map<NewLeaf, BlobContent>();
  const notFound = new Set<string>();
  for (const leaf of leaves) {
    const { source } = leaf;
    const content =
      source.kind === 'text'
        ? textContent(source.value, context)
        : ((await reads.find(source.blobId))?.content ?? null);
    if (content !== null) found.set(leaf, content);
    else if (source.kind === 'blob') notFound.add(source.blobId);
  }
  if (notFound.size > 0) throw new SetError('blobNotFound', 'there are no such blobs', [], { notFound: [...notFound] });
  return found;
}

function textContent(text: string, { account }: MailContext): BlobContent {
  return receivedMessageBytes(account.blobs, bodyOfBytes(encoder.encode(text)));
}

/** Types whose content is read by people or line by line, and stays so where it can; other content is base64. */
const textual = /^(?:text\/|message\/|application\/pgp-)/;
/** RFC 2046 §5.2.1: these are not encoded. */
const embedded = /^message\/(?:rfc822|global)$/;

async function composedLeaf(leaf: NewLeaf, source: BlobContent, loop: EventLoop): Promise<ComposedLeaf<BlobContent>> {
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

async function shapeOf(source: BlobContent, loop: EventLoop): Promise<BodyShape> {
  const shape = new BodyShape();
  for await (const chunk of source.stream()) {
    shape.push(chunk);
    const pause = loop.pause();
    if (pause !== null) await pause;
  }
  shape.finish();
  return shape;
}

function composedBody(
  body: NewBody,
  leaves: ReadonlyMap<NewLeaf, ComposedLeaf<BlobContent>>,
  boundary: () => string,
): ComposedPart<BlobContent> | null {
  const leafOf = (leaf: NewLeaf): ComposedLeaf<BlobContent> => {
    const composed = leaves.get(leaf);
    if (composed === undefined) throw new RangeError('a leaf without its bytes');
    return composed;
  };
  const partOf = (part: NewPart): ComposedPart<BlobContent> =>
    part.kind === 'leaf' ? leafOf(part) : { ...part, boundary: boundary(), parts: part.parts.map(partOf) };
  if (body.kind === 'structure') return partOf(body.root);
  const [text, html] = [body.text, body.html].map((leaf) => (leaf === null ? null : leafOf(leaf)));
  const attachments = body.attachments.map(leafOf);
  return arrangeBody({ text: text ?? null, html: html ?? null, attachments }, boundary);
}

/** A message without a body is an empty text. */
function emptyText(context: MailContext): ComposedLeaf<BlobContent> {
  const params = [{ name: 'charset', value: 'us-ascii' }];
  return { kind: 'leaf', head: partHead('text/plain', { params }), encoding: '7bit', source: textContent('', context) };
}

async function* chunksOf(fields: string, root: ComposedPart<BlobContent>, loop: EventLoop): AsyncGenerator<Uint8Array> {
  for (const piece of composeMessage(fields, root)) {
    if (piece instanceof Uint8Array) {
      yield piece;
      continue;
    }
    const encode = encodeBody(piece.encoding, textual.test(piece.head.type));
    for await (const chunk of piece.source.stream()) {
      yield encode.push(chunk);
      const pause = loop.pause();
      if (pause !== null) await pause;
    }
    yield encode.finish();
  }
}
