import type { Canonicalization } from './canonicalization.ts';

/** Receiver of canonical bytes, which are valid only during the call. */
export type ByteSink = (bytes: Uint8Array) => void;

/** Canonicalizes a body in chunks of any size for hashing. Its memory does not grow with the body. */
export interface BodyCanonicalizer {
  /** Keeps nothing of `chunk` after the call. */
  push(chunk: Uint8Array): void;
  /** Ends the body. Call it once. */
  finish(): void;
}

/**
 * Returns a canonicalizer of RFC 6376 §3.4.3 or §3.4.4 that passes its output to `sink`.
 * A bare LF counts as CRLF, as it does on receipt; a bare CR is an ordinary octet.
 */
export function bodyCanonicalizer(kind: Canonicalization, sink: ByteSink): BodyCanonicalizer {
  return kind === 'simple' ? new SimpleBody(sink) : new RelaxedBody(sink);
}

const TAB = 9;
const LF = 10;
const CR = 13;
const SP = 32;

const breaksAtOnce = 512;
const manyBreaks = new Uint8Array(breaksAtOnce * 2).map((_, i) => (i % 2 === 0 ? CR : LF));
const oneCr = Uint8Array.of(CR);

function giveBreaks(count: number, sink: ByteSink): void {
  for (let left = count; left > 0; left -= breaksAtOnce) {
    sink(left >= breaksAtOnce ? manyBreaks : manyBreaks.subarray(0, left * 2));
  }
}

/** Canonicalizer that changes only line breaks at the end of the body (RFC 6376 §3.4.3), so that nearly everything is passed on without copying. */
class SimpleBody implements BodyCanonicalizer {
  readonly #sink: ByteSink;
  /** Line breaks held back, because they may be the last of the body. */
  #pendingBreaks = 0;
  #isCrPending = false;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    let start = 0;
    if (this.#isCrPending) {
      this.#isCrPending = false;
      if (chunk[0] === LF) {
        this.#pendingBreaks++;
        start = 1;
      } else this.#give(oneCr, 0, 1);
    }
    for (let lf = chunk.indexOf(LF, start); lf >= 0; lf = chunk.indexOf(LF, lf + 1)) {
      if (lf > start && chunk[lf - 1] === CR) continue;
      this.#give(chunk, start, lf);
      this.#pendingBreaks++;
      start = lf + 1;
    }
    let end = chunk.length;
    if (end > start && chunk[end - 1] === CR) {
      this.#isCrPending = true;
      end--;
    }
    this.#give(chunk, start, end);
  }

  finish(): void {
    if (this.#isCrPending) this.#give(oneCr, 0, 1);
    // RFC 6376 §3.4.3: `*CRLF` at the end becomes one CRLF, which is added when missing, even to an empty body.
    giveBreaks(1, this.#sink);
  }

  /** Bytes whose every LF follows a CR. */
  #give(bytes: Uint8Array, start: number, to: number): void {
    let end = to;
    while (end - start >= 2 && bytes[end - 1] === LF && bytes[end - 2] === CR) end -= 2;
    if (end > start) {
      giveBreaks(this.#pendingBreaks, this.#sink);
      this.#pendingBreaks = 0;
      this.#sink(bytes.subarray(start, end));
    }
    this.#pendingBreaks += (to - end) / 2;
  }
}

/** Number of octets canonicalized at a time. */
const pieceBytes = 16 * 1024;
/** Longest canonical form: a bare LF grows to CRLF, after the bytes that were pending: CRLF, a space and a CR. */
const maxCanonicalBytes = pieceBytes * 2 + 4;

/** Canonicalizer that also reduces white space (RFC 6376 §3.4.4): none at the end of lines, one space elsewhere. */
class RelaxedBody implements BodyCanonicalizer {
  readonly #sink: ByteSink;
  readonly #out = new Uint8Array(maxCanonicalBytes);
  #pendingBreaks = 0;
  #isSpacePending = false;
  #isCrPending = false;
  #isEmpty = true;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; at += pieceBytes) {
      this.#pushPiece(chunk, at, Math.min(at + pieceBytes, chunk.length));
    }
  }

  finish(): void {
    if (this.#isCrPending) this.#drain(this.#putPending(0));
    // RFC 6376 §3.4.4: an empty body is the null input; any other ends with one CRLF.
    if (!this.#isEmpty) giveBreaks(1, this.#sink);
  }

  #pushPiece(chunk: Uint8Array, from: number, to: number): void {
    const out = this.#out;
    let length = 0;
    let at = from;
    while (at < to) {
      let byte = chunk[at++] ?? 0;
      if (byte === LF) {
        this.#pendingBreaks++;
        this.#isSpacePending = false;
        this.#isCrPending = false;
        continue;
      }
      // The CR before this octet was bare.
      if (this.#isCrPending) length = this.#putPending(length);
      if (byte === SP || byte === TAB) this.#isSpacePending = true;
      else if (byte === CR) this.#isCrPending = true;
      else {
        if (this.#isSpacePending || this.#pendingBreaks > 0) length = this.#putPending(length);
        out[length++] = byte;
        // The rest of a word, which is most of a body.
        while (at < to && (byte = chunk[at] ?? 0) > SP) {
          out[length++] = byte;
          at++;
        }
      }
    }
    this.#drain(length);
  }

  /** Writes pending octets that are not at the end of a line or of the body. @returns the new length of the buffer's contents. */
  #putPending(start: number): number {
    const out = this.#out;
    let length = start;
    if (this.#pendingBreaks > 1) {
      this.#drain(length);
      length = 0;
      giveBreaks(this.#pendingBreaks - 1, this.#sink);
    }
    if (this.#pendingBreaks > 0) {
      out[length++] = CR;
      out[length++] = LF;
    }
    if (this.#isSpacePending) out[length++] = SP;
    if (this.#isCrPending) out[length++] = CR;
    this.#pendingBreaks = 0;
    this.#isSpacePending = false;
    this.#isCrPending = false;
    return length;
  }

  #drain(length: number): void {
    if (length === 0) return;
    this.#sink(this.#out.subarray(0, length));
    this.#isEmpty = false;
  }
}
