const lf = 10;
const hyphen = 45;
const zero = 48;

/** Reads SMTP replies out of what a connection brings, in any pieces, without making strings: the load must cost as little as it can. */
export class Replies {
  readonly #onReply: (code: number) => void;
  /** Octets of the line so far, counted up to 4, and what they said. */
  #column = 0;
  #code = 0;
  #isLast = true;

  /** @param onReply  Called with the code of each reply, at the end of its last line. */
  constructor(onReply: (code: number) => void) {
    this.#onReply = onReply;
  }

  /** Takes the next `length` octets of the connection. */
  push(bytes: Uint8Array, length = bytes.length): void {
    for (let i = 0; i < length; i += 1) {
      const byte = bytes[i] ?? 0;
      if (byte === lf) {
        const code = this.#code;
        const isLast = this.#isLast;
        this.#column = 0;
        this.#code = 0;
        this.#isLast = true;
        if (isLast) this.#onReply(code);
      } else if (this.#column < 3) {
        this.#code = this.#code * 10 + byte - zero;
        this.#column += 1;
      } else if (this.#column === 3) {
        this.#isLast = byte !== hyphen;
        this.#column = 4;
      }
    }
  }
}
