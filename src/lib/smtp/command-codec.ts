import { type ContentProblem, ContentScanner } from './content-scanner.ts';
import type { CommandOptions } from './command.ts';
import { decodeLine, type LineProblem } from './line.ts';
import { defaultCodecLimits, type CodecLimits } from './limits.ts';

/** Event that the codec found in the client's bytes. */
export type CodecEvent =
  /** A command or a SASL response, without its line end. */
  | { readonly kind: 'line'; readonly text: string; readonly problem: LineProblem | null }
  /** The line exceeded its limit. No event follows, because the start of the next command is unknown. */
  | { readonly kind: 'overlong' }
  /** Content, unstuffed; a view of the chunk that was fed, or a copy where a bare LF became CRLF. None follows a problem. */
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  /** The end of DATA was read; the next bytes are commands. */
  | { readonly kind: 'dataEnd'; readonly problem: ContentProblem | null }
  /** The last octet of a BDAT chunk was read; the next bytes are commands. */
  | { readonly kind: 'bdatEnd'; readonly problem: ContentProblem | null };

/** Strictness of a codec. */
export interface CodecOptions extends CommandOptions {
  /** Passes a bare CR in content on, for a receiver that encodes it. Default false: the content is refused (RFC 5321 §2.3.8). */
  readonly passesBareCr?: boolean;
}

const empty = new Uint8Array(0);
const overlong: CodecEvent = { kind: 'overlong' };

/**
 * Splits what a client sends into lines and content, without I/O. Feed a chunk, then take events until null; after an event that
 * changes what follows (DATA, BDAT, AUTH) call `beginData`, `beginBdat` or `expectSasl` before taking the next.
 * Never throws for what was fed; keeps at most one incomplete line.
 */
export class SmtpCommandCodec {
  readonly #limits: CodecLimits;
  readonly #content: ContentScanner;
  #mode: 'command' | 'sasl' | 'data' | 'bdat' | 'dead' = 'command';
  #chunk: Uint8Array = empty;
  #at = 0;
  /** Start of a line that earlier chunks brought; #partialBytes of it are in use. */
  #partial: Uint8Array = empty;
  #partialBytes = 0;

  constructor(limits: Partial<CodecLimits> = {}, options: CodecOptions = {}) {
    this.#limits = { ...defaultCodecLimits, ...limits };
    const { pedantic = false, passesBareCr = false, lenient = false } = options;
    this.#content = new ContentScanner(pedantic, passesBareCr, lenient);
  }

  /** True when the content that is read now, or was read last, had a bare LF. */
  get hadBareLf(): boolean {
    return this.#content.hadBareLf;
  }

  /** Takes the next bytes, after `next` has returned null. They must not change afterwards. */
  feed(chunk: Uint8Array): void {
    if (this.#at < this.#chunk.length) {
      const joined = new Uint8Array(this.#chunk.length - this.#at + chunk.length);
      joined.set(this.#chunk.subarray(this.#at));
      joined.set(chunk, this.#chunk.length - this.#at);
      this.#chunk = joined;
    } else {
      this.#chunk = chunk;
    }
    this.#at = 0;
  }

  /** Returns the next event, or null when more bytes are needed. */
  next(): CodecEvent | null {
    switch (this.#mode) {
      case 'command':
        return this.#line(this.#limits.maxLineBytes);
      case 'sasl':
        return this.#line(this.#limits.maxSaslLineBytes);
      case 'data':
        return this.#contents('dataEnd');
      case 'bdat':
        return this.#contents('bdatEnd');
      default:
        return null;
    }
  }

  /** Reads the bytes that follow as content, up to CRLF.CRLF (RFC 5321 §4.1.1.4). */
  beginData(isLfOnly = false): void {
    this.#content.beginData(isLfOnly);
    this.#mode = 'data';
  }

  /** Reads the next `sizeBytes` as content without dot-stuffing (RFC 3030 §2); `isFirst` marks the first chunk of a message. */
  beginBdat(sizeBytes: number, isFirst: boolean, isLast: boolean): void {
    this.#content.beginBdat(sizeBytes, isFirst, isLast);
    this.#mode = 'bdat';
  }

  /** Reads the next line as the response to a 334, which has a limit of its own (RFC 4954 §4). Commands follow it unless this is called again. */
  expectSasl(): void {
    this.#mode = 'sasl';
  }

  /**
   * Drops everything that was fed before the TLS handshake, which an attacker may have inserted (RFC 3207 §6).
   * @returns true when there was input: STARTTLS must be the last command of a pipelined group (RFC 3207 §4), so a correct client has sent none.
   */
  discard(): boolean {
    const had = this.#at < this.#chunk.length || this.#partialBytes > 0;
    this.#chunk = empty;
    this.#at = 0;
    this.#partialBytes = 0;
    return had;
  }

  #line(maxBytes: number): CodecEvent | null {
    const chunk = this.#chunk;
    const from = this.#at;
    if (from >= chunk.length) {
      // An idle connection keeps no buffer alive.
      this.#chunk = empty;
      this.#at = 0;
      return null;
    }
    const end = chunk.indexOf(10, from);
    const bytes = (end < 0 ? chunk.length : end + 1) - from;
    if (this.#partialBytes + bytes > maxBytes) {
      this.discard();
      this.#mode = 'dead';
      return overlong;
    }
    this.#at = from + bytes;
    if (end < 0 || this.#partialBytes > 0) this.#keep(chunk.subarray(from, from + bytes), maxBytes);
    if (end < 0) return null;
    this.#mode = 'command';
    if (this.#partialBytes === 0) return decodeLine(chunk, from, end);
    const line = decodeLine(this.#partial, 0, this.#partialBytes - 1);
    this.#partialBytes = 0;
    return line;
  }

  /** Appends to the incomplete line, in a buffer that doubles up to the limit. */
  #keep(bytes: Uint8Array, maxBytes: number): void {
    const needed = this.#partialBytes + bytes.length;
    if (needed > this.#partial.length) {
      const grown = new Uint8Array(Math.max(needed, Math.min(maxBytes, Math.max(128, this.#partial.length * 2))));
      grown.set(this.#partial.subarray(0, this.#partialBytes));
      this.#partial = grown;
    }
    this.#partial.set(bytes, this.#partialBytes);
    this.#partialBytes = needed;
  }

  #contents(end: 'dataEnd' | 'bdatEnd'): CodecEvent | null {
    const content = this.#content;
    while (this.#at < this.#chunk.length || content.isEnded) {
      if (content.isEnded) {
        this.#mode = 'command';
        return { kind: end, problem: content.problem };
      }
      const run = content.take(this.#chunk, this.#at);
      this.#at = content.at;
      if (run !== null) return { kind: 'data', bytes: run };
    }
    return null;
  }
}
