import { conversionLimits } from './limits.ts';

const LF = 10;
const CR = 13;

/** Scanner of a content in chunks, which finds octets and lines that not every host accepts. */
export class ContentScan {
  #bits = 0;
  #hasNul = false;
  #hasBareEnd = false;
  #isAfterCr = false;
  /** Octets of the current line so far, its CR included. */
  #lineBytes = 0;
  #longest = 0;

  /** Takes the next octets, which are not kept. */
  push(chunk: Uint8Array): void {
    let bits = this.#bits;
    let lineStart = -this.#lineBytes;
    let isAfterCr = this.#isAfterCr;
    const { length } = chunk;
    for (let i = 0; i < length; i++) {
      const byte = chunk[i] as number;
      bits |= byte;
      if (byte > CR && !isAfterCr) continue;
      if (byte === LF) {
        const lineBytes = i - lineStart - (isAfterCr ? 1 : 0);
        if (lineBytes > this.#longest) this.#longest = lineBytes;
        lineStart = i + 1;
        if (!isAfterCr) this.#hasBareEnd = true;
      } else if (isAfterCr) this.#hasBareEnd = true;
      else if (byte === 0) this.#hasNul = true;
      isAfterCr = byte === CR;
    }
    this.#bits = bits;
    this.#lineBytes = length - lineStart;
    this.#isAfterCr = isAfterCr;
  }

  /** True when an octet over 127 occurs, which needs 8BITMIME (RFC 6152 §3). */
  get has8bit(): boolean {
    return this.#bits > 127;
  }

  /** True when something occurs that no host has to accept: a line of more than 998 octets, NUL, a bare CR or LF (RFC 5321 §2.3.8, §4.5.3.1.6). */
  get hasUnsendable(): boolean {
    const longest = Math.max(this.#longest, this.#lineBytes);
    return this.#hasNul || this.hasBareEnd || longest > conversionLimits.maxLineBytes;
  }

  /** True when a CR or LF is bare, or the last octet is a CR. */
  get hasBareEnd(): boolean {
    return this.#hasBareEnd || this.#isAfterCr;
  }

  /** True when a NUL occurs. */
  get hasNul(): boolean {
    return this.#hasNul;
  }
}
