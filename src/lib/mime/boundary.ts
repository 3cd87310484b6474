const DASH = 45;
const encoder = new TextEncoder();

/** A boundary line that was found: of which open boundary, counted from the outermost, and whether it closes. */
export interface BoundaryLine {
  readonly index: number;
  readonly isClose: boolean;
}

/** The boundaries of the multiparts that are open, outermost first. */
export class BoundaryStack {
  readonly #entries: { readonly bytes: Uint8Array; readonly level: number }[] = [];

  /** How many are open. */
  get size(): number {
    return this.#entries.length;
  }

  /** @param level  Depth of the multipart among the open parts. */
  push(boundary: string, level: number): void {
    this.#entries.push({ bytes: encoder.encode(boundary), level });
  }

  /** Keeps the outermost `size` boundaries. */
  cut(size: number): void {
    this.#entries.length = size;
  }

  /** Level of the boundary with this index, as given to `push`. */
  level(index: number): number {
    return this.#entries[index]?.level ?? 0;
  }

  /** Forgets all. */
  clear(): void {
    this.#entries.length = 0;
  }

  /**
   * Compares the line `bytes[start, end)`, without its LF, with all open boundaries (RFC 2046 §5.1.1); blanks and CR at its end
   * do not count. When several match, as `x--` and the close of `x`, the longest boundary does, then the innermost.
   */
  match(bytes: Uint8Array, start: number, end: number): BoundaryLine | null {
    if (end - start < 3 || bytes[start] !== DASH || bytes[start + 1] !== DASH) return null;
    let last = end;
    while (last > start && isBlank(bytes[last - 1] ?? 0)) last--;
    const length = last - start - 2;
    for (let index = this.#entries.length - 1; index >= 0; index--) {
      if (this.#equals(index, bytes, start + 2, length)) return { index, isClose: false };
    }
    if (length < 3 || bytes[last - 1] !== DASH || bytes[last - 2] !== DASH) return null;
    for (let index = this.#entries.length - 1; index >= 0; index--) {
      if (this.#equals(index, bytes, start + 2, length - 2)) return { index, isClose: true };
    }
    return null;
  }

  #equals(index: number, bytes: Uint8Array, from: number, length: number): boolean {
    const boundary = this.#entries[index]?.bytes;
    if (boundary === undefined || boundary.length !== length) return false;
    for (let i = 0; i < length; i++) if (boundary[i] !== bytes[from + i]) return false;
    return true;
  }
}

function isBlank(byte: number): boolean {
  return byte === 32 || byte === 9 || byte === 13;
}
