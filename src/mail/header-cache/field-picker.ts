import { cachedFieldCode } from './cached-fields.ts';
import type { FieldColumn, HeaderBlock, OrderColumn } from './header-block.ts';

/** Size of the buffers that results lie in. */
const bufferBytes = 64 * 1024;
/** From here on copying by a call is faster than byte by byte. */
const longField = 48;

/** Puts the wanted fields of a message together, in the order in which they stand in its header, with the empty line that ends them. */
export class FieldPicker {
  /** Codes of the wanted fields. */
  readonly codes: readonly number[];
  #block: HeaderBlock | null = null;
  #order: OrderColumn | null = null;
  /** Wanted columns of the block, by code. */
  readonly #columns: (FieldColumn | undefined)[] = [];
  #buffer = new Uint8Array(0);
  #used = 0;

  private constructor(codes: readonly number[]) {
    this.codes = codes;
  }

  /** A picker of the fields with these names; null when blocks do not have all of them. */
  static of(names: readonly string[]): FieldPicker | null {
    const codes = new Set<number>();
    for (const name of names) {
      const code = cachedFieldCode(name);
      if (code === null) return null;
      codes.add(code);
    }
    return new FieldPicker([...codes]);
  }

  /** The fields of the message at `at` of a block with its order and these fields. */
  pick(block: HeaderBlock, at: number): Uint8Array {
    if (block !== this.#block) this.#enter(block);
    const order = this.#order;
    const from = order?.offsets[at] ?? 0;
    const to = order?.offsets[at + 1] ?? 0;
    let size = 2;
    for (let i = from; i < to; i++) {
      const offsets = this.#columns[order?.codes[i] ?? 0]?.offsets;
      if (offsets !== undefined) size += (offsets[at + 1] ?? 0) - (offsets[at] ?? 0);
    }
    const buffer = this.#room(size);
    let end = this.#used;
    for (let i = from; i < to; i++) {
      const column = this.#columns[order?.codes[i] ?? 0];
      if (column === undefined) continue;
      const first = column.offsets[at] ?? 0;
      const last = column.offsets[at + 1] ?? 0;
      if (last - first > longField) {
        buffer.set(column.bytes.subarray(first, last), end);
        end += last - first;
      } else for (let k = first; k < last; k++) buffer[end++] = column.bytes[k] ?? 0;
    }
    buffer[end++] = 13;
    buffer[end++] = 10;
    const picked = buffer.subarray(this.#used, end);
    this.#used = end;
    return picked;
  }

  #enter(block: HeaderBlock): void {
    this.#block = block;
    this.#order = block.order;
    this.#columns.length = 0;
    for (const code of this.codes) this.#columns[code] = block.columns.get(code);
  }

  /** A buffer with room behind `#used`; what was picked before stays where it is. */
  #room(bytes: number): Uint8Array {
    if (this.#used + bytes > this.#buffer.length) {
      this.#buffer = new Uint8Array(Math.max(bytes, bufferBytes));
      this.#used = 0;
    }
    return this.#buffer;
  }
}
