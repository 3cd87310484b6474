import { literalHeader, maxLiteralHeaderBytes } from './literal-header.ts';

/** Enough of a line's end to see a literal's header before CRLF. */
const tailBytes = maxLiteralHeaderBytes + 2;

/**
 * Passes over what is left of a refused command: the bytes of a literal, then lines, as long as they end in non-synchronising
 * literals. After a synchronising one the client waits for a continuation that never comes, so the command ends there.
 */
export class Skipper {
  #need: number;
  #tail: Uint8Array;

  /**
   * @param need  Bytes of a literal to pass over first.
   * @param seen  What was already read of the line after it.
   */
  constructor(need: number, seen: Uint8Array) {
    this.#need = need;
    this.#tail = seen.slice(-tailBytes);
  }

  /** Reads `input` from `at`. `at` in the answer is the first byte not passed over; `done` when the command ended before it. */
  read(input: Uint8Array, at: number): { readonly at: number; readonly done: boolean } {
    let from = at;
    while (from < input.length) {
      if (this.#need > 0) {
        const taken = Math.min(this.#need, input.length - from);
        this.#need -= taken;
        from += taken;
        continue;
      }
      const found = input.indexOf(0x0a, from);
      const end = found < 0 ? input.length : found + 1;
      this.#keep(input.subarray(from, end));
      from = end;
      if (found < 0) break;
      const header = literalHeader(this.#tail, 0, this.#tail.length - 2);
      if (header === null || header.isSynchronizing) return { at: from, done: true };
      this.#need = header.sizeBytes;
      this.#tail = new Uint8Array(0);
    }
    return { at: from, done: false };
  }

  #keep(bytes: Uint8Array): void {
    if (bytes.length >= tailBytes || this.#tail.length === 0) {
      this.#tail = bytes.slice(-tailBytes);
      return;
    }
    const joined = new Uint8Array(this.#tail.length + bytes.length);
    joined.set(this.#tail);
    joined.set(bytes, this.#tail.length);
    this.#tail = joined.subarray(-tailBytes);
  }
}
