import type { ContentProblem } from './content-scanner.ts';

const empty = new Uint8Array(0);
const terminator = Uint8Array.of(46, 13, 10);
const lineEndAndTerminator = Uint8Array.of(13, 10, 46, 13, 10);
const dot = 46;

/**
 * Makes content ready for DATA, chunk by chunk: doubles a dot at the start of a line (RFC 5321 §4.5.2). Content without such dots is not copied.
 * A bare CR or LF MUST NOT be sent (RFC 5321 §2.3.8): after the first one nothing more is returned, and the message must not be ended.
 */
export class DotStuffer {
  #problem: ContentProblem | null = null;
  #atLineStart = true;
  /** The last chunk ended with CR; it goes out with its LF. */
  #owesCr = false;

  /** Problem of the content so far, null when there is none. */
  get problem(): ContentProblem | null {
    return this.#problem;
  }

  /** Stuffs the next bytes; empty when a problem was met, then or before. */
  push(chunk: Uint8Array): Uint8Array {
    if (this.#problem !== null || chunk.length === 0) return empty;
    const dots = this.#scan(chunk);
    if (this.#problem !== null) return empty;
    const leadingCr = this.#owesCr;
    this.#owesCr = chunk[chunk.length - 1] === 13;
    const end = this.#owesCr ? chunk.length - 1 : chunk.length;
    if (dots.length === 0 && !leadingCr) return end === chunk.length ? chunk : chunk.subarray(0, end);
    const out = new Uint8Array(end + dots.length + (leadingCr ? 1 : 0));
    let at = 0;
    if (leadingCr) out[at++] = 13;
    let from = 0;
    for (const position of dots) {
      out.set(chunk.subarray(from, position), at);
      at += position - from;
      out[at++] = dot;
      from = position;
    }
    out.set(chunk.subarray(from, end), at);
    return out;
  }

  /**
   * Returns the end of the content, or null when there was a problem. RFC 5321 §4.1.1.4: a sender MUST add CRLF to a last line without it,
   * and MUST NOT add one otherwise.
   */
  end(): Uint8Array | null {
    if (this.#owesCr) this.#problem ??= 'bareCr';
    if (this.#problem !== null) return null;
    return this.#atLineStart ? terminator : lineEndAndTerminator;
  }

  /** Checks line ends, and finds the dots to double. */
  #scan(chunk: Uint8Array): number[] {
    const dots: number[] = [];
    let atLineStart = this.#atLineStart;
    let afterCr = this.#owesCr;
    for (let i = 0; i < chunk.length; i++) {
      if (!afterCr && !atLineStart) {
        while (i < chunk.length && (chunk[i] as number) > 13) i++;
        if (i === chunk.length) break;
      }
      const b = chunk[i] as number;
      if (afterCr !== (b === 10)) {
        this.#problem = afterCr ? 'bareCr' : 'bareLf';
        return dots;
      }
      if (atLineStart && b === dot) dots.push(i);
      atLineStart = b === 10;
      afterCr = b === 13;
    }
    this.#atLineStart = atLineStart;
    return dots;
  }
}
