/** UIDs that share a block: those with the same `uid >> blockBits`. */
export const blockBits = 8;

/** One combination of flags and keywords within a block. */
export interface BlockSet {
  /** `SystemFlag` bits. */
  readonly flags: number;
  /** Keywords, sorted and separated by spaces. */
  readonly keywords: string;
}

/** A message in a block. */
export interface BlockEntry extends BlockSet {
  readonly uid: number;
  readonly modSeq: number;
}

const headBytes = 9;

/**
 * Flags, keywords and MODSEQs of up to 256 messages with neighbouring UIDs, ascending. The packed form is
 * `width(1) base(8) offset(1)… set(1)… delta(width)…`: `offset` is the low octet of a UID, `set` the number of a line (`flags keywords`) in the
 * text stored beside it, and `base + delta` the MODSEQ. Numbers are big-endian.
 */
export class FlagBlock {
  /** `uid >> blockBits` of all its UIDs. */
  readonly number: number;
  readonly uids: number[] = [];
  /** Indexes into `sets`, one for each UID. */
  readonly setOf: number[] = [];
  readonly modSeqs: number[] = [];
  readonly sets: BlockSet[] = [];
  readonly #setIndexes = new Map<string, number>();

  constructor(number: number) {
    this.number = number;
  }

  /** Reads a packed block. @throws Error if it is damaged. */
  static unpack(number: number, sets: string, data: Uint8Array): FlagBlock {
    const block = new FlagBlock(number);
    if (sets !== '') for (const line of sets.split('\n')) block.intern(setOfLine(line));
    const width = data[0] ?? 0;
    const count = (data.length - headBytes) / (2 + width);
    if (!Number.isInteger(count) || count < 0 || ![1, 2, 4, 8].includes(width)) throw new Error('damaged flag block');
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const base = numberAt(view, 1, 8);
    const first = number * 2 ** blockBits;
    for (let i = 0; i < count; i += 1) {
      const set = data[headBytes + count + i] ?? 0;
      if (set >= block.sets.length) throw new Error('damaged flag block');
      block.uids.push(first + (data[headBytes + i] ?? 0));
      block.setOf.push(set);
      block.modSeqs.push(base + numberAt(view, headBytes + 2 * count + i * width, width));
    }
    return block;
  }

  /** The largest MODSEQ; 0 when the block is empty. */
  get modSeq(): number {
    return this.modSeqs.reduce((max, modSeq) => Math.max(max, modSeq), 0);
  }

  /** Returns the index of a combination in `sets`, adding it when it is new. */
  intern(set: BlockSet): number {
    const line = lineOf(set);
    let index = this.#setIndexes.get(line);
    if (index === undefined) {
      index = this.sets.push({ flags: set.flags, keywords: set.keywords }) - 1;
      this.#setIndexes.set(line, index);
    }
    return index;
  }

  /** Adds a message after all others. */
  push(uid: number, set: BlockSet, modSeq: number): void {
    this.uids.push(uid);
    this.setOf.push(this.intern(set));
    this.modSeqs.push(modSeq);
  }

  /** Removes the messages with these UIDs. */
  remove(gone: ReadonlySet<number>): void {
    let kept = 0;
    for (let i = 0; i < this.uids.length; i += 1) {
      const uid = this.uids[i] ?? 0;
      if (gone.has(uid)) continue;
      this.uids[kept] = uid;
      this.setOf[kept] = this.setOf[i] ?? 0;
      this.modSeqs[kept] = this.modSeqs[i] ?? 0;
      kept += 1;
    }
    for (const column of [this.uids, this.setOf, this.modSeqs]) column.length = kept;
  }

  /** Returns the message at a position. @throws RangeError when there is none. */
  at(i: number): BlockEntry {
    const [uid, set, modSeq] = [this.uids[i], this.sets[this.setOf[i] ?? -1], this.modSeqs[i]];
    if (uid === undefined || set === undefined || modSeq === undefined) throw new RangeError(`no entry ${i}`);
    return { uid, flags: set.flags, keywords: set.keywords, modSeq };
  }

  /** Returns the packed form; combinations that no message has are left out. */
  pack(): { readonly sets: string; readonly data: Uint8Array } {
    const count = this.uids.length;
    const base = this.modSeqs.reduce((min, modSeq) => Math.min(min, modSeq), this.modSeq);
    const width = widthOf(this.modSeq - base);
    const data = new Uint8Array(headBytes + count * (2 + width));
    const view = new DataView(data.buffer);
    data[0] = width;
    setNumber(view, 1, 8, base);
    const lines: string[] = [];
    const packed: number[] = [];
    for (let i = 0; i < count; i += 1) {
      const set = this.setOf[i] ?? 0;
      let index = packed[set];
      if (index === undefined) {
        const one = this.sets[set];
        if (one === undefined) throw new RangeError(`no set ${set}`);
        index = lines.push(lineOf(one)) - 1;
        packed[set] = index;
      }
      data[headBytes + i] = (this.uids[i] ?? 0) & 0xff;
      data[headBytes + count + i] = index;
      setNumber(view, headBytes + 2 * count + i * width, width, (this.modSeqs[i] ?? 0) - base);
    }
    return { sets: lines.join('\n'), data };
  }
}

function lineOf({ flags, keywords }: BlockSet): string {
  return `${flags} ${keywords}`;
}

function setOfLine(line: string): BlockSet {
  const end = line.indexOf(' ');
  return { flags: Number(line.slice(0, end)), keywords: line.slice(end + 1) };
}

function widthOf(max: number): 1 | 2 | 4 | 8 {
  if (max < 0x100) return 1;
  if (max < 0x1_0000) return 2;
  return max < 0x1_0000_0000 ? 4 : 8;
}

function numberAt(view: DataView, at: number, width: number): number {
  switch (width) {
    case 1:
      return view.getUint8(at);
    case 2:
      return view.getUint16(at);
    case 4:
      return view.getUint32(at);
    default:
      return view.getUint32(at) * 0x1_0000_0000 + view.getUint32(at + 4);
  }
}

function setNumber(view: DataView, at: number, width: number, value: number): void {
  switch (width) {
    case 1:
      view.setUint8(at, value);
      break;
    case 2:
      view.setUint16(at, value);
      break;
    case 4:
      view.setUint32(at, value);
      break;
    default:
      view.setUint32(at, Math.floor(value / 0x1_0000_0000));
      view.setUint32(at + 4, value % 0x1_0000_0000);
  }
}
