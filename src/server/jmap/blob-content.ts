import { joinBytes } from '#lib/codecs';
import { decodeBody } from '#lib/mime';
import type { MessageBytes } from '#mail/content';
import type { EventLoop } from '#ports/event-loop';

/** Bytes of a blob, which can be read as often as they are needed. */
export type BlobContent = Pick<MessageBytes, 'sizeBytes' | 'bytes' | 'stream'>;

/** A range of other content. */
export class WindowContent implements BlobContent {
  readonly sizeBytes: number;
  readonly outer: BlobContent;
  readonly #start: number;

  constructor(outer: BlobContent, start: number, end: number) {
    this.outer = outer;
    this.#start = start;
    this.sizeBytes = end - start;
  }

  bytes(start: number, end: number): Uint8Array | Promise<Uint8Array> {
    return this.outer.bytes(this.#start + this.#clamped(start), this.#start + this.#clamped(end));
  }

  stream(start = 0, end = this.sizeBytes): AsyncGenerator<Uint8Array> {
    return this.outer.stream(this.#start + this.#clamped(start), this.#start + this.#clamped(end));
  }

  #clamped(at: number): number {
    return Math.min(Math.max(at, 0), this.sizeBytes);
  }
}

/** Content without its transfer encoding. Each reading decodes it from its beginning. */
export class DecodedContent implements BlobContent {
  readonly sizeBytes: number;
  readonly #encoded: BlobContent;
  readonly #encoding: string;
  readonly #loop: EventLoop;

  /** @param sizeBytes  Size after decoding. */
  constructor(encoded: BlobContent, encoding: string, sizeBytes: number, loop: EventLoop) {
    this.sizeBytes = sizeBytes;
    this.#encoded = encoded;
    this.#encoding = encoding;
    this.#loop = loop;
  }

  async bytes(start: number, end: number): Promise<Uint8Array> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.stream(start, end)) chunks.push(chunk);
    return joinBytes(chunks);
  }

  async *stream(start = 0, end = this.sizeBytes): AsyncGenerator<Uint8Array> {
    let at = 0;
    for await (const chunk of this.#decoded()) {
      const some = chunk.subarray(Math.max(0, start - at), Math.max(0, end - at));
      at += chunk.length;
      if (some.length > 0) yield some;
      if (at >= end) return;
    }
  }

  async *#decoded(): AsyncGenerator<Uint8Array> {
    const decoder = decodeBody(this.#encoding);
    for await (const chunk of this.#encoded.stream()) {
      yield decoder.push(chunk);
      const pause = this.#loop.pause();
      if (pause !== null) await pause;
    }
    yield decoder.finish();
  }
}

/** Reports whether any range of the content can be read without reading what is before it. */
export function isDirect(content: BlobContent): boolean {
  if (content instanceof WindowContent) return isDirect(content.outer);
  return !(content instanceof DecodedContent);
}
