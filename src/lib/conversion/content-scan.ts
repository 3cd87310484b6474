import { conversionLimits } from './limits.ts';

const LF = 10;
const CR = 13;

/** Octets and lines of a content in chunks: whether every host takes it as it is. */
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

  /** An octet over 127 occurs. */
  get has8bit(): boolean {
    return this.#bits > 127;
  }

  /** Something occurs that no host has to take: a line of more than 998 octets, NUL, a bare CR or LF (RFC 5321 §2.3.8, §4.5.3.1.6). */
  get hasUnsendable(): boolean {
    const longest = Math.max(this.#longest, this.#lineBytes);
    return this.#hasNul || this.hasBareEnd || longest > conversionLimits.maxLineBytes;
  }

  /** A CR or LF stands alone, or the last octet is a CR. */
  get hasBareEnd(): boolean {
    return this.#hasBareEnd || this.#isAfterCr;
  }

  /** A NUL occurs. */
  get hasNul(): boolean {
    return this.#hasNul;
  }
}
