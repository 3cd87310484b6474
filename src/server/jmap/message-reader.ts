import { decode, normalizeCharset } from '#lib/charset';
import { joinBytes } from '#lib/codecs';
import { findParameter, parseHeader, type HeaderField } from '#lib/message';
import type { MessageDescription } from '#lib/message-description';
import { decodeBody, preview, type Part } from '#lib/mime';
import type { Email } from '#mail/emails';
import type { EventLoop } from '#ports/event-loop';
import { DecodedContent, WindowContent, type BlobContent } from './blob-content.ts';
import { partBlobId } from './ids.ts';

/** Bytes of a header that are read. */
const maxHeaderBytes = 256 * 1024;
/** Encoded bytes of a text part that are read for its value; a longer one is truncated. */
const maxTextBytes = 5_000_000;

/** Text of a part. */
export interface BodyText {
  readonly value: string;
  readonly isEncodingProblem: boolean;
  readonly isTruncated: boolean;
}

/** Reads one message, each part of it when it is first asked for. */
export abstract class MessageReader {
  /** The email that the message is; null for one that is in a blob only. */
  abstract readonly email: Email | null;
  /** Id of the blob of the whole message. */
  abstract readonly blobId: string;
  readonly #loop: EventLoop;

  constructor(loop: EventLoop) {
    this.#loop = loop;
  }

  /** Returns listed fields and structure of the message. */
  abstract description(): Promise<Pick<MessageDescription, 'listed' | 'root'>>;

  /** Returns the bytes of the message. */
  abstract bytes(): Promise<BlobContent>;

  /** Returns the length of the message's header with the empty line. */
  abstract headerSize(): Promise<number>;

  /** Returns the id of the blob of a part. */
  partBlobId(path: readonly number[]): string {
    return partBlobId(this.blobId, path);
  }

  /** Returns all fields of the message's header. */
  async header(): Promise<readonly HeaderField[]> {
    const content = await this.bytes();
    return parseHeader(await content.bytes(0, Math.min(await this.headerSize(), maxHeaderBytes)));
  }

  /** Returns all fields of a part's header. */
  async partHeader(part: Part): Promise<readonly HeaderField[]> {
    const content = await this.bytes();
    return parseHeader(
      await content.bytes(part.headerStart, Math.min(part.bodyStart, part.headerStart + maxHeaderBytes)),
    );
  }

  /** Returns the number of bytes of a part after decoding. */
  async decodedSize(part: Part): Promise<number> {
    if (!isEncoded(part)) return part.end - part.bodyStart;
    let size = 0;
    for await (const chunk of this.decoded(part)) size += chunk.length;
    return size;
  }

  /** Returns a part after decoding as content of its own. */
  async partContent(part: Part): Promise<BlobContent> {
    const window = new WindowContent(await this.bytes(), part.bodyStart, part.end);
    return isEncoded(part)
      ? new DecodedContent(window, part.encoding, await this.decodedSize(part), this.#loop)
      : window;
  }

  /** Yields the bytes of a part after decoding. */
  async *decoded(part: Part, maxBytes: number = Number.MAX_SAFE_INTEGER): AsyncGenerator<Uint8Array> {
    const content = await this.bytes();
    const decoder = decodeBody(part.encoding);
    for await (const chunk of content.stream(part.bodyStart, Math.min(part.end, part.bodyStart + maxBytes))) {
      yield decoder.push(chunk);
      const pause = this.#loop.pause();
      if (pause !== null) await pause;
    }
    yield decoder.finish();
  }

  /** Returns the text of a part with LF at line ends, in at most `maxBytes` of UTF-8 (RFC 8621 §4.1.4, §4.2); 0 is no limit. */
  async text(part: Part, maxBytes: number): Promise<BodyText> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.decoded(part, maxTextBytes)) chunks.push(chunk);
    const isCut = part.end - part.bodyStart > maxTextBytes;
    const charset = findParameter(part.params, 'charset');
    const text = decode(joinBytes(chunks), charset).replaceAll('\r\n', '\n').toWellFormed();
    const isKnown = charset === null || normalizeCharset(charset) !== null;
    const value = maxBytes === 0 ? text : truncated(text, maxBytes);
    const shown = value.length < text.length && part.subtype === 'html' ? value.replace(/<[^<>]*$/, '') : value;
    return {
      value: shown,
      isEncodingProblem: !isKnown || !knownEncodings.has(part.encoding) || text.includes('\uFFFD'),
      isTruncated: isCut || value.length < text.length,
    };
  }

  /** Returns the first text for lists. */
  async preview(): Promise<string> {
    const { root } = await this.description();
    const content = await this.bytes();
    const text = await preview({ root }, async (start, end) => await content.bytes(start, end));
    return text.replaceAll('\0', '').toWellFormed();
  }
}

const knownEncodings = new Set(['7bit', '8bit', 'binary', 'base64', 'quoted-printable']);

function isEncoded({ encoding }: Part): boolean {
  return encoding === 'base64' || encoding === 'quoted-printable';
}

/** Returns the beginning of a text that has at most so many bytes in UTF-8, without half a character (RFC 8621 §4.2). */
export function truncated(text: string, maxBytes: number): string {
  // Each code unit takes at least one byte.
  const bytes = new TextEncoder().encode(text.slice(0, maxBytes + 1));
  if (bytes.length <= maxBytes && text.length <= maxBytes) return text;
  let end = Math.min(maxBytes, bytes.length);
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return new TextDecoder().decode(bytes.subarray(0, end));
}
