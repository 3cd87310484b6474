import {
  Base64Decoder,
  Base64Encoder,
  QuotedPrintableDecoder,
  QuotedPrintableEncoder,
  type Decoder,
  type Encoder,
  joinBytes,
} from '#lib/codecs';
import { findParameter, parseHeader } from '#lib/message';
import { convertHeader, type HeaderChange } from './convert-header.ts';
import { GapCleaner } from './gap-cleaner.ts';
import type { ConversionPlan, Segment, Transcoding } from './plan.ts';

/** Rewrites a message by a plan. Takes the same octets as the planner, in chunks of any size. */
export class MessageConverter {
  readonly #plan: ConversionPlan;
  #current = 0;
  #offset = 0;
  /** Pieces of the current header. */
  #header: Uint8Array[] = [];
  #decoder: Decoder | null = null;
  /** Encoder of the current body or gap; null when it is not changed. */
  #encoder: Encoder | null = null;
  #out: Uint8Array[] = [];

  constructor(plan: ConversionPlan) {
    this.#plan = plan;
    this.#open();
  }

  /** Takes the next octets. @returns pieces of the result, which may be views of the chunk. */
  push(chunk: Uint8Array): readonly Uint8Array[] {
    let from = 0;
    while (from < chunk.length) {
      const segment = this.#plan.segments[this.#current];
      if (segment === undefined) break;
      const to = Math.min(chunk.length, from + segment.end - this.#offset);
      this.#take(segment, chunk.subarray(from, to));
      this.#offset += to - from;
      from = to;
      if (this.#offset === segment.end) this.#close(segment);
    }
    return this.#taken();
  }

  /** Ends the message. @returns the last pieces. */
  finish(): readonly Uint8Array[] {
    return this.#taken();
  }

  #taken(): readonly Uint8Array[] {
    const out = this.#out;
    this.#out = [];
    return out;
  }

  /** Begins the current segment, and ends those without octets. */
  #open(): void {
    const segment = this.#plan.segments[this.#current];
    if (segment === undefined) return;
    if (segment.kind === 'body') {
      const transcoding = this.#plan.transcodings.get(segment.part);
      if (transcoding !== undefined) {
        this.#decoder = decoderOf(transcoding);
        this.#encoder = encoderOf(transcoding);
      }
    }
    if (segment.kind === 'gap' && this.#plan.dirtyGaps.has(segment.start)) this.#encoder = new GapCleaner();
    if (segment.end === segment.start) this.#close(segment);
  }

  #take(segment: Segment, run: Uint8Array): void {
    if (segment.kind === 'header') this.#header.push(run);
    else if (this.#encoder === null) this.#emit(run);
    else this.#emit(this.#encoder.push(this.#decoder === null ? run : this.#decoder.push(run)));
  }

  #close(segment: Segment): void {
    if (segment.kind === 'header') {
      const header = joinBytes(this.#header);
      this.#header = [];
      this.#emit(convertHeader(header, this.#changeOf(segment, header)).bytes);
    } else if (this.#encoder !== null) {
      if (this.#decoder !== null) this.#emit(this.#encoder.push(this.#decoder.finish()));
      this.#emit(this.#encoder.finish());
    }
    this.#encoder = null;
    this.#decoder = null;
    this.#current++;
    this.#open();
  }

  #changeOf({ part, isMessage }: Extract<Segment, { kind: 'header' }>, header: Uint8Array): HeaderChange {
    const { transcodings, charsets, sevenBit, keepEightBit } = this.#plan;
    const encoding =
      transcodings.get(part)?.to ?? (sevenBit.has(part) && part.encoding !== '7bit' ? '7bit' : undefined);
    if (encoding === undefined) return { keepUtf8: keepEightBit };
    const names = new Set(parseHeader(header).map(({ name }) => name));
    // RFC 2045 §4: a message with MIME fields must have MIME-Version.
    let added = isMessage && !names.has('mime-version') ? 'MIME-Version: 1.0\r\n' : '';
    const charset = charsets.get(part);
    if (!names.has('content-type') && charset !== undefined && findParameter(part.params, 'charset') === null) {
      added += `Content-Type: text/plain; charset=${charset}\r\n`;
    }
    return { keepUtf8: keepEightBit, encoding, added };
  }

  #emit(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#out.push(bytes);
  }
}

function decoderOf({ from }: Transcoding): Decoder | null {
  if (from === null) return null;
  return from === 'base64' ? new Base64Decoder() : new QuotedPrintableDecoder();
}

function encoderOf({ to }: Transcoding): Encoder {
  return to === 'base64' ? new Base64Encoder() : new QuotedPrintableEncoder('text');
}
