import { literalHeader, maxLiteralHeaderBytes } from './literal-header.ts';

/** Bytes kept of a line's end, enough for a literal's header before CRLF. */
const tailBytes = maxLiteralHeaderBytes + 2;

/**
 * Skips the rest of a refused command: the bytes of a literal, then lines, as long as they end in non-synchronizing literals.
 * At a synchronizing literal the client waits for the reply that ends the command (RFC 9051 §4.3), so the skipped part ends there.
 */
export class Skipper {
  #need: number;
  #tail: Uint8Array;

  /**
   * @param need  Bytes of a literal to skip first.
   * @param seen  Part of the line after it that was already read.
   */
  constructor(need: number, seen: Uint8Array) {
    this.#need = need;
    this.#tail = seen.slice(-tailBytes);
  }

  /** Skips `input` from `at`. Returns the offset of the first byte not skipped, and `done` when the command ended before it. */
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
