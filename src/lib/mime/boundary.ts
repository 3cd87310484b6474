import { octetsOf } from '#lib/charset';

const DASH = 45;

/** A boundary line: the index of its boundary, counted from the outermost open one, and whether it closes (RFC 2046 §5.1.1: `--` follows). */
export interface BoundaryLine {
  readonly index: number;
  readonly isClose: boolean;
}

/** The boundaries of the multiparts that are open, outermost first. */
export class BoundaryStack {
  readonly #entries: { readonly bytes: Uint8Array; readonly level: number }[] = [];

  /** Number of open boundaries. */
  get size(): number {
    return this.#entries.length;
  }

  /** @param level  Depth of the multipart among the open parts. */
  push(boundary: string, level: number): void {
    this.#entries.push({ bytes: octetsOf(boundary), level });
  }

  /** Keeps the outermost `size` boundaries. */
  cut(size: number): void {
    this.#entries.length = size;
  }

  /** Level of the boundary with this index, as given to `push`. */
  level(index: number): number {
    return this.#entries[index]?.level ?? 0;
  }

  /** Removes all boundaries. */
  clear(): void {
    this.#entries.length = 0;
  }

  /**
   * Compares the line that begins at `start` with all open boundaries. RFC 2046 §5.1.1: a line is a boundary line when it begins with the
   * boundary; text after it does not matter. RFC 2046 §5.1.2: boundaries of outer multiparts count as well. When several match, as `x` and `x--`
   * do, the longest is used, then the innermost. Returns null when none matches.
   * @param end  End of the line without its LF, or of the part of it that is compared.
   */
  match(bytes: Uint8Array, start: number, end: number): BoundaryLine | null {
    if (end - start < 3 || bytes[start] !== DASH || bytes[start + 1] !== DASH) return null;
    let best = -1;
    let length = 0;
    for (let index = this.#entries.length - 1; index >= 0; index--) {
      const boundary = this.#entries[index]?.bytes ?? none;
      if (boundary.length > length && begins(bytes, start + 2, end, boundary)) {
        best = index;
        length = boundary.length;
      }
    }
    if (best < 0) return null;
    const after = start + 2 + length;
    return { index: best, isClose: after + 1 < end && bytes[after] === DASH && bytes[after + 1] === DASH };
  }
}

const none = new Uint8Array(0);

function begins(bytes: Uint8Array, start: number, end: number, boundary: Uint8Array): boolean {
  if (end - start < boundary.length) return false;
  for (let i = 0; i < boundary.length; i++) if (boundary[i] !== bytes[start + i]) return false;
  return true;
}
