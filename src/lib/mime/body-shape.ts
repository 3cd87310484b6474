const LF = 10;
const CR = 13;
/** RFC 2045 §2.7: longest line of 7bit data, without its line break. */
const maxLineBytes = 998;

/** Transfer encodings that are written (RFC 2045 §6.1). */
export type WrittenEncoding = '7bit' | '8bit' | 'quoted-printable' | 'base64';

/** Finds, in one pass over the bytes of a body, the transfer encoding that they need. */
export class BodyShape {
  #sizeBytes = 0;
  /** Bytes that quoted-printable writes as three: those over 127, NUL, and CR and LF that are no line break. */
  #specials = 0;
  #eightBit = 0;
  #lineStart = 0;
  #isShort = true;
  #lastByte = 0;
  #utf8: TextDecoder | null = new TextDecoder('utf-8', { fatal: true });

  /** Takes the next bytes, cut anywhere. `chunk` is not kept. */
  push(chunk: Uint8Array): void {
    const before = this.#eightBit;
    let last = this.#lastByte;
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i] ?? 0;
      if (last === CR && byte !== LF) this.#specials++;
      if (byte > 127) this.#eightBit++;
      else if (byte === LF) {
        if (last !== CR) this.#specials++;
        this.#endLine(this.#sizeBytes + i, last === CR ? 1 : 0);
      } else if (byte === 0) this.#specials++;
      last = byte;
    }
    this.#lastByte = last;
    this.#sizeBytes += chunk.length;
    // What comes before the first byte over 127 is ASCII, and so UTF-8.
    if (before > 0 || this.#eightBit > before) this.#decode(chunk);
  }

  /** Ends the body. */
  finish(): void {
    if (this.#lastByte === CR) this.#specials++;
    this.#lastByte = 0;
    this.#endLine(this.#sizeBytes, 0);
    try {
      this.#utf8?.decode();
    } catch {
      this.#utf8 = null;
    }
  }

  /** True when no byte is over 127. */
  get isAscii(): boolean {
    return this.#eightBit === 0;
  }

  /** True when the bytes are valid UTF-8. */
  get isUtf8(): boolean {
    return this.#utf8 !== null;
  }

  /** Encoding that keeps every byte and makes text readable where it can: 7bit data has short lines, no NUL, and CR and LF only as pairs (RFC 2045 §2.7). */
  get encoding(): WrittenEncoding {
    const coded = this.#specials + this.#eightBit;
    if (coded === 0 && this.#isShort) return '7bit';
    return coded * 4 > this.#sizeBytes ? 'base64' : 'quoted-printable';
  }

  #endLine(at: number, crBytes: number): void {
    if (at - crBytes - this.#lineStart > maxLineBytes) this.#isShort = false;
    this.#lineStart = at + 1;
  }

  #decode(chunk: Uint8Array): void {
    try {
      this.#utf8?.decode(chunk, { stream: true });
    } catch {
      this.#utf8 = null;
    }
  }
}
