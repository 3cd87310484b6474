/** Thrown for bytes that are not the expected DER. */
export class NotDer extends Error {
  override readonly name = 'NotDer';
}

/** One value of DER: its tag, its content, and the whole with tag and length. Both share memory with the input. */
export interface DerValue {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly whole: Uint8Array;
}

/** Tags that certificates use (X.690 §8.1.2). */
export const Tag = {
  Boolean: 0x01,
  Integer: 0x02,
  OctetString: 0x04,
  ObjectIdentifier: 0x06,
  Sequence: 0x30,
} as const;

/** Reads a sequence of DER values. Never copies; the caller enters nested values, so that depth is bounded. */
export class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** True when everything has been read. */
  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Tag of the next value; null at the end. */
  get nextTag(): number | null {
    return this.#bytes[this.#at] ?? null;
  }

  /** Reads the next value, which must have the tag `tag` if given. @throws NotDer */
  next(tag?: number): DerValue {
    const start = this.#at;
    const found = this.#byte();
    // Tags above 30 take more than one octet; certificates have none.
    if ((found & 0x1f) === 0x1f) throw new NotDer('tag of several octets');
    if (tag !== undefined && found !== tag) throw new NotDer(`tag ${found} in place of ${tag}`);
    const length = this.#length();
    const contentStart = this.#at;
    const end = contentStart + length;
    if (end > this.#bytes.length) throw new NotDer('value is cut off');
    this.#at = end;
    return {
      tag: found,
      content: this.#bytes.subarray(contentStart, end),
      whole: this.#bytes.subarray(start, end),
    };
  }

  /** Returns a reader of the content of the next value, which must have the tag `tag`. @throws NotDer */
  enter(tag: number): DerReader {
    return new DerReader(this.next(tag).content);
  }

  /** Reads a length. X.690 §10.1: definite lengths only; four octets are more than any certificate needs. */
  #length(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    const octets = first & 0x7f;
    if (octets === 0 || octets > 4) throw new NotDer('indefinite or too long a length');
    let length = 0;
    for (let i = 0; i < octets; i++) length = length * 256 + this.#byte();
    return length;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new NotDer('value is cut off');
    this.#at += 1;
    return byte;
  }
}
