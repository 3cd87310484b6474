/** Search of the value of a field. */
export const FieldKind = {
  /** The message has no such field. */
  Absent: 0,
  /** One line of printable US-ASCII without runs of blanks, encoded words, quotes or comments: the text is what stands there. */
  Plain: 1,
  /** As plain, but with quoted strings that hide nothing but their quotes. */
  Quoted: 2,
  /** Anything else, such as folded lines, encoded words, or the field more than once: to be decoded. */
  Other: 3,
} as const;
export type FieldKind = (typeof FieldKind)[keyof typeof FieldKind];

/**
 * One field of the messages of a block, one after the other as they stand in the headers: names, colons and line breaks included.
 * Or one of the texts that are stored ready to send; where that is empty, it must be read from the row.
 */
export interface FieldColumn {
  readonly bytes: Uint8Array;
  /** The field of message i lies from `offsets[i]` to `offsets[i + 1]`. */
  readonly offsets: Uint32Array;
  /** `FieldKind`s. */
  readonly kinds: Uint8Array;
}

/** Which messages a block has. */
export interface BlockMessages {
  /** Ascending. */
  readonly uids: Uint32Array;
  /** At the position of the UID 1 when the fields of the message are not in the block, because its header is long or odd. */
  readonly isLeftOut: Uint8Array;
}

/** Facts about the messages of a block, at the positions of their UIDs. */
export interface BlockFacts {
  readonly sizeBytes: Float64Array;
  readonly receivedMs: Float64Array;
  readonly saveMs: Float64Array;
  /** NaN when the message has no usable Date. */
  readonly sentDayMs: Float64Array;
}

/** In which order the fields of a message stand: their codes, those of message i from `offsets[i]` to `offsets[i + 1]`. */
export interface OrderColumn {
  readonly codes: Uint8Array;
  readonly offsets: Uint32Array;
}

/** Messages with consecutive places in a mailbox, ascending by UID. Rows that were not asked for are missing. */
export interface HeaderBlock {
  readonly messages: BlockMessages;
  readonly facts: BlockFacts | null;
  readonly order: OrderColumn | null;
  /** By code. */
  readonly columns: ReadonlyMap<number, FieldColumn>;
}

// Numbers are stored as they lie in memory: little-endian on every platform that Node is built for but one, whose users can drop the blocks.

/** Messages as a row keeps them. */
export function writeMessages({ uids, isLeftOut }: BlockMessages): Uint8Array {
  return joined([uids, isLeftOut]);
}

/** Reads what `writeMessages` wrote. */
export function readMessages(row: Uint8Array, count: number): BlockMessages {
  return { uids: new Uint32Array(row.slice(0, 4 * count).buffer), isLeftOut: row.subarray(4 * count) };
}

/** Facts as a row keeps them. */
export function writeFacts({ sizeBytes, receivedMs, saveMs, sentDayMs }: BlockFacts): Uint8Array {
  return joined([sizeBytes, receivedMs, saveMs, sentDayMs]);
}

/** Reads what `writeFacts` wrote. */
export function readFacts(row: Uint8Array, count: number): BlockFacts {
  const { buffer } = row.slice();
  const column = (n: number): Float64Array => new Float64Array(buffer, 8 * n * count, count);
  return { sizeBytes: column(0), receivedMs: column(1), saveMs: column(2), sentDayMs: column(3) };
}

/** The order of fields as a row keeps it. */
export function writeOrder({ codes, offsets }: OrderColumn): Uint8Array {
  return joined([heads(offsets, null), codes]);
}

/** Reads what `writeOrder` wrote. */
export function readOrder(row: Uint8Array, count: number): OrderColumn {
  return { codes: row.subarray(2 * count), offsets: offsetsOf(new Uint16Array(row.slice(0, 2 * count).buffer)) };
}

/** A field as a row keeps it: lengths with the kind in the upper two bits, then the bytes. */
export function writeColumn({ bytes, offsets, kinds }: FieldColumn): Uint8Array {
  return joined([heads(offsets, kinds), bytes]);
}

/** Reads what `writeColumn` wrote. */
export function readColumn(row: Uint8Array, count: number): FieldColumn {
  const head = new Uint16Array(row.slice(0, 2 * count).buffer);
  const kinds = new Uint8Array(count);
  for (let i = 0; i < count; i++) kinds[i] = (head[i] ?? 0) >> 14;
  return { bytes: row.subarray(2 * count), offsets: offsetsOf(head), kinds };
}

/** A field that no message of a block has. */
export function emptyColumn(count: number): FieldColumn {
  return { bytes: new Uint8Array(0), offsets: new Uint32Array(count + 1), kinds: new Uint8Array(count) };
}

function heads(offsets: Uint32Array, kinds: Uint8Array | null): Uint16Array {
  const head = new Uint16Array(offsets.length - 1);
  for (let i = 0; i < head.length; i++) {
    head[i] = (offsets[i + 1] ?? 0) - (offsets[i] ?? 0) + ((kinds?.[i] ?? 0) << 14);
  }
  return head;
}

function offsetsOf(head: Uint16Array): Uint32Array {
  const offsets = new Uint32Array(head.length + 1);
  let at = 0;
  for (let i = 0; i < head.length; i++) {
    at += (head[i] ?? 0) & 0x3fff;
    offsets[i + 1] = at;
  }
  return offsets;
}

function joined(pieces: readonly (Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array)[]): Uint8Array {
  const all = new Uint8Array(pieces.reduce((size, { byteLength }) => size + byteLength, 0));
  let at = 0;
  for (const { buffer, byteOffset, byteLength } of pieces) {
    all.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  return all;
}
