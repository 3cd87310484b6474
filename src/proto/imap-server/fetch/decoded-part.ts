import { Base64Decoder, type Decoder, QuotedPrintableDecoder, joinBytes } from '#lib/codecs';
import type { Part } from '#lib/mime';
import { No } from '../refusal.ts';
import type { ReadableMessage } from '../selected-mailbox.ts';
import type { ByteRange } from './section-range.ts';

/** Number of encoded bytes that are decoded at a time. */
const chunkBytes = 128 * 1024;

/**
 * Body of a part without its transfer encoding, for BINARY (RFC 3516 §4.3). Large bodies are decoded twice, once to announce the
 * size and once to send it, so that none is ever in memory as a whole.
 */
export class DecodedPart {
  readonly #content: ReadableMessage;
  readonly #part: Part;
  readonly #encoding: Encoding;
  /** The decoded body, when it fits one chunk. */
  #whole: Uint8Array | null = null;

  /** @throws No UNKNOWN-CTE for unknown encodings (RFC 3516 §4.3: MUST). */
  constructor(content: ReadableMessage, part: Part) {
    this.#content = content;
    this.#part = part;
    this.#encoding = encodingOf(part);
  }

  /** Reads the body once. `hasNul` reports whether a literal cannot carry it. */
  async measure(): Promise<{ readonly sizeBytes: number; readonly hasNul: boolean }> {
    const encodedBytes = this.#part.end - this.#part.bodyStart;
    if (this.#encoding === 'identity' && !this.#content.hasNul) return { sizeBytes: encodedBytes, hasNul: false };
    let sizeBytes = 0;
    let hasNul = false;
    for await (const piece of this.#decoded()) {
      sizeBytes += piece.length;
      hasNul ||= piece.includes(0);
      if (this.#encoding !== 'identity' && encodedBytes <= chunkBytes)
        this.#whole = this.#whole === null ? piece : piece.length === 0 ? this.#whole : joinBytes([this.#whole, piece]);
    }
    return { sizeBytes, hasNul };
  }

  /** Returns the size of the decoded body, for BINARY.SIZE, which MUST match what BINARY sends (RFC 3516 §4.3). */
  async sizeBytes(): Promise<number> {
    if (this.#encoding === 'identity') return this.#part.end - this.#part.bodyStart;
    return (await this.measure()).sizeBytes;
  }

  /** Yields the decoded bytes of a range, in pieces. */
  async *pieces({ start, end }: ByteRange): AsyncGenerator<Uint8Array> {
    if (this.#encoding === 'identity') {
      yield* this.#raw(this.#part.bodyStart + start, this.#part.bodyStart + end);
      return;
    }
    if (this.#whole !== null) {
      yield this.#whole.subarray(start, end);
      return;
    }
    let at = 0;
    for await (const piece of this.#decoded()) {
      const wanted = piece.subarray(Math.max(0, start - at), Math.max(0, end - at));
      at += piece.length;
      if (wanted.length > 0) yield wanted;
      if (at >= end) return;
    }
  }

  async *#decoded(): AsyncGenerator<Uint8Array> {
    const decoder = decoderOf(this.#encoding);
    for await (const raw of this.#raw(this.#part.bodyStart, this.#part.end)) yield decoder?.push(raw) ?? raw;
    if (decoder !== null) yield decoder.finish();
  }

  async *#raw(start: number, end: number): AsyncGenerator<Uint8Array> {
    for (let at = start; at < end; at += chunkBytes)
      yield await this.#content.bytes(at, Math.min(at + chunkBytes, end));
  }
}

type Encoding = 'identity' | 'base64' | 'quoted-printable';

function encodingOf(part: Part): Encoding {
  // RFC 2045 §6.4: multiparts have no encoding of their own.
  if (part.type === 'multipart' || part.message !== null) return 'identity';
  switch (part.encoding) {
    case '7bit':
    case '8bit':
    case 'binary':
      return 'identity';
    case 'base64':
    case 'quoted-printable':
      return part.encoding;
    default:
      throw new No('UNKNOWN-CTE', 'the part has an unknown transfer encoding');
  }
}

function decoderOf(encoding: Encoding): Decoder | null {
  if (encoding === 'identity') return null;
  return encoding === 'base64' ? new Base64Decoder() : new QuotedPrintableDecoder();
}
