import { FlagSetTable, sortedKeywords } from '#lib/flags';
import type { MailboxId, ModSeq, UidValidity } from '#lib/ids';

/**
 * A mailbox in memory: one entry per message at the same position of all three arrays, ascending by UID. Shared by sessions and
 * read-only for them. `uids` never changes, though a later image may share its memory; `flagSets` and `modSeqs` may be brought up to date in place.
 */
export interface MailboxImage {
  readonly mailbox: MailboxId;
  readonly uidValidity: UidValidity;
  readonly uidNext: number;
  /** MODSEQ of the last change of any message in the mailbox, removals included. */
  readonly highestModSeq: ModSeq;
  readonly uids: Uint32Array;
  /** Indexes into `flagTable`. */
  readonly flagSets: Uint32Array;
  readonly modSeqs: Float64Array;
  readonly flagTable: FlagSetTable;
  /** Keywords that messages of the mailbox have or had since it was opened, sorted. */
  readonly keywords: readonly string[];
}

/** The facts of a mailbox that an image repeats. */
export interface ImageHead {
  readonly mailbox: MailboxId;
  readonly uidValidity: UidValidity;
  readonly uidNext: number;
  readonly highestModSeq: ModSeq;
}

/** One message as the log tells it. */
export type ImageRow = readonly [uid: number, flags: number, keywords: string, modSeq: number];

/** Arrays with room to grow; images show the first `count` entries. */
interface Columns {
  readonly uids: Uint32Array;
  readonly flagSets: Uint32Array;
  readonly modSeqs: Float64Array;
}

/** Makes images of one mailbox, each from the one before it and the rows that changed. */
export class ImageBuilder {
  readonly #table = new FlagSetTable();
  #columns: Columns;
  #keywords: readonly string[] = [];
  #setsSeen = 0;
  #image: MailboxImage;

  /** @param rows  All messages of the mailbox, ascending by UID. */
  constructor(head: ImageHead, rows: readonly ImageRow[]) {
    this.#columns = columnsFor(rows.length + Math.max(16, rows.length >> 3));
    rows.forEach((row, i) => this.#set(i, row));
    this.#image = this.#show(head, rows.length);
  }

  /** The latest image. */
  get image(): MailboxImage {
    return this.#image;
  }

  /**
   * Applies changes after `image.highestModSeq`.
   * @param changed  New messages and messages with new flags, each once, in any order.
   * @param removed  UIDs that are gone; unknown ones are ignored.
   */
  apply(head: ImageHead, changed: readonly ImageRow[], removed: readonly number[]): MailboxImage {
    let count = this.#image.uids.length;
    if (removed.length > 0) count = this.#remove(new Set(removed), count);
    const added: ImageRow[] = [];
    for (const row of changed) {
      const at = indexOfUid(this.#columns.uids, count, row[0]);
      if (at >= 0) this.#set(at, row);
      else added.push(row);
    }
    if (added.length > 0)
      count = this.#append(
        added.toSorted((a, b) => a[0] - b[0]),
        count,
      );
    this.#image = this.#show(head, count);
    return this.#image;
  }

  #set(at: number, [uid, flags, keywords, modSeq]: ImageRow): void {
    const { uids, flagSets, modSeqs } = this.#columns;
    uids[at] = uid;
    flagSets[at] = this.#table.intern(flags, keywords === '' ? [] : keywords.split(' ')).index;
    modSeqs[at] = modSeq;
  }

  /** Images that sessions hold keep their arrays: what remains goes into new ones. */
  #remove(gone: ReadonlySet<number>, count: number): number {
    const from = this.#columns;
    const to = columnsFor(from.uids.length);
    let kept = 0;
    for (let i = 0; i < count; i += 1) {
      const uid = from.uids[i] ?? 0;
      if (gone.has(uid)) continue;
      to.uids[kept] = uid;
      to.flagSets[kept] = from.flagSets[i] ?? 0;
      to.modSeqs[kept] = from.modSeqs[i] ?? 0;
      kept += 1;
    }
    this.#columns = to;
    return kept;
  }

  /** New UIDs are greater than all before, so they go behind what earlier images show. */
  #append(added: readonly ImageRow[], count: number): number {
    const total = count + added.length;
    if (total > this.#columns.uids.length) {
      const from = this.#columns;
      const to = columnsFor(total + (total >> 1));
      to.uids.set(from.uids.subarray(0, count));
      to.flagSets.set(from.flagSets.subarray(0, count));
      to.modSeqs.set(from.modSeqs.subarray(0, count));
      this.#columns = to;
    }
    added.forEach((row, i) => this.#set(count + i, row));
    return total;
  }

  #show(head: ImageHead, count: number): MailboxImage {
    const { uids, flagSets, modSeqs } = this.#columns;
    if (this.#setsSeen < this.#table.size) this.#keywords = this.#collectKeywords();
    return {
      ...head,
      uids: uids.subarray(0, count),
      flagSets: flagSets.subarray(0, count),
      modSeqs: modSeqs.subarray(0, count),
      flagTable: this.#table,
      keywords: this.#keywords,
    };
  }

  #collectKeywords(): readonly string[] {
    const keywords = [...this.#keywords];
    for (; this.#setsSeen < this.#table.size; this.#setsSeen += 1) {
      for (const keyword of this.#table.at(this.#setsSeen).keywords) keywords.push(keyword);
    }
    return sortedKeywords(keywords);
  }
}

function columnsFor(capacity: number): Columns {
  return {
    uids: new Uint32Array(capacity),
    flagSets: new Uint32Array(capacity),
    modSeqs: new Float64Array(capacity),
  };
}

/** Position of a UID among the first `count`, or -1. */
function indexOfUid(uids: Uint32Array, count: number, uid: number): number {
  let low = 0;
  let high = count - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const at = uids[middle] ?? 0;
    if (at === uid) return middle;
    if (at < uid) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
