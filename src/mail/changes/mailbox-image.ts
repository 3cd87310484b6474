import { FlagSetTable, sortedKeywords } from '#lib/flags';
import type { MailboxId, ModSeq, UidValidity } from '#lib/ids';
import { lowerBound } from '#lib/sorted-numbers';
import type { EventLoop } from '#ports/event-loop';
import type { BlockSet, FirstState, FlagBlock, StoredBlock } from '#mail/flag-blocks';

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
  /** Not less than the MODSEQ of the last change of flags that was applied since the mailbox was opened; 0 when there was none. */
  readonly alteredModSeq: number;
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
  #alteredModSeq = 0;
  #image: MailboxImage;
  readonly #loop: EventLoop;

  private constructor(head: ImageHead, total: number, loop: EventLoop) {
    this.#loop = loop;
    this.#columns = columnsFor(total + Math.max(16, total >> 3));
    this.#image = this.#show(head, 0);
  }

  /** Makes the first image. @param rest  The messages behind the blocks. */
  static async from(
    head: ImageHead,
    blocks: readonly StoredBlock[],
    rest: readonly FirstState[],
    loop: EventLoop,
  ): Promise<ImageBuilder> {
    const total = blocks.reduce((sum, { block }) => sum + block.uids.length, rest.length);
    const builder = new ImageBuilder(head, total, loop);
    let count = 0;
    for (const { block } of blocks) {
      count = builder.#addBlock(block, 0, 0, count);
      const pause = loop.pause();
      if (pause !== null) await pause;
    }
    for (const row of rest) builder.#set(count++, row);
    builder.#image = builder.#show(head, count);
    return builder;
  }

  /** The latest image. */
  get image(): MailboxImage {
    return this.#image;
  }

  /**
   * Applies changes after `image.highestModSeq`. Other work may run meanwhile, and sees changes of flags and MODSEQs one by one; it must not
   * call this.
   * @param blocks  All blocks with such changes, ascending.
   * @param rest  New messages that no block speaks for, ascending.
   * @param removed  UIDs that are gone; unknown ones are ignored.
   */
  async apply(
    head: ImageHead,
    blocks: readonly StoredBlock[],
    rest: readonly FirstState[],
    removed: readonly number[],
  ): Promise<MailboxImage> {
    const since = this.#image.highestModSeq;
    let count = this.#image.uids.length;
    const last = this.#image.uids[count - 1] ?? 0;
    if (removed.length > 0) count = await this.#remove(Uint32Array.from(removed).toSorted(), count);
    for (const { block } of blocks) {
      if ((block.uids[0] ?? 0) > last) continue;
      if (this.#applyBlock(block, since, count)) this.#alteredModSeq = head.highestModSeq;
      const pause = this.#loop.pause();
      if (pause !== null) await pause;
    }
    const news = blocks.map(({ block }) => [block, block.uids.findIndex((uid) => uid > last)] as const);
    const added = news.reduce((sum, [{ uids }, from]) => sum + (from < 0 ? 0 : uids.length - from), rest.length);
    this.#makeRoom(count, count + added);
    for (const [block, from] of news) {
      if (from >= 0) count = this.#addBlock(block, from, since, count);
      const pause = this.#loop.pause();
      if (pause !== null) await pause;
    }
    for (const row of rest) this.#set(count++, row);
    this.#image = this.#show(head, count);
    return this.#image;
  }

  #set(at: number, [uid, flags, keywords, modSeq]: FirstState): void {
    const { uids, flagSets, modSeqs } = this.#columns;
    uids[at] = uid;
    flagSets[at] = this.#intern({ flags, keywords });
    modSeqs[at] = modSeq;
  }

  #intern({ flags, keywords }: BlockSet): number {
    return this.#table.intern(flags, keywords === '' ? [] : keywords.split(' ')).index;
  }

  /** Adds the messages of a block from a position on. @returns how many there are then. */
  #addBlock({ uids, setOf, modSeqs, sets }: FlagBlock, from: number, since: number, count: number): number {
    const columns = this.#columns;
    const indexes = sets.map((set) => this.#intern(set));
    let at = count;
    for (let i = from; i < uids.length; i += 1) {
      if ((modSeqs[i] ?? 0) <= since) continue;
      columns.uids[at] = uids[i] ?? 0;
      columns.flagSets[at] = indexes[setOf[i] ?? 0] ?? 0;
      columns.modSeqs[at] = modSeqs[i] ?? 0;
      at += 1;
    }
    return at;
  }

  /** Brings messages up to date that the image has. @returns whether there was one. */
  #applyBlock({ uids, setOf, modSeqs, sets }: FlagBlock, since: number, count: number): boolean {
    const columns = this.#columns;
    const indexes = sets.map((set) => this.#intern(set));
    let at = lowerBound(columns.uids, uids[0] ?? 0, count);
    let isAltered = false;
    for (let i = 0; i < uids.length; i += 1) {
      if ((modSeqs[i] ?? 0) <= since) continue;
      const uid = uids[i] ?? 0;
      while (at < count && (columns.uids[at] ?? 0) < uid) at += 1;
      if (at === count) break;
      if (columns.uids[at] !== uid) continue;
      isAltered = true;
      columns.flagSets[at] = indexes[setOf[i] ?? 0] ?? 0;
      columns.modSeqs[at] = modSeqs[i] ?? 0;
    }
    return isAltered;
  }

  /** Images that sessions hold keep their arrays: what remains goes into new ones. */
  async #remove(gone: Uint32Array, count: number): Promise<number> {
    const from = this.#columns;
    const to = columnsFor(from.uids.length);
    let kept = 0;
    let next = 0;
    for (let i = 0; i < count; i += 1) {
      const pause = (i & 0xfff) === 0xfff ? this.#loop.pause() : null;
      if (pause !== null) await pause;
      const uid = from.uids[i] ?? 0;
      while (next < gone.length && (gone[next] ?? 0) < uid) next += 1;
      if (gone[next] === uid) continue;
      to.uids[kept] = uid;
      to.flagSets[kept] = from.flagSets[i] ?? 0;
      to.modSeqs[kept] = from.modSeqs[i] ?? 0;
      kept += 1;
    }
    this.#columns = to;
    return kept;
  }

  /** New UIDs are greater than all before, so they go behind what earlier images show. */
  #makeRoom(count: number, total: number): void {
    if (total <= this.#columns.uids.length) return;
    const from = this.#columns;
    const to = columnsFor(total + (total >> 1));
    to.uids.set(from.uids.subarray(0, count));
    to.flagSets.set(from.flagSets.subarray(0, count));
    to.modSeqs.set(from.modSeqs.subarray(0, count));
    this.#columns = to;
  }

  #show(head: ImageHead, count: number): MailboxImage {
    const { uids, flagSets, modSeqs } = this.#columns;
    if (this.#setsSeen < this.#table.size) this.#keywords = this.#collectKeywords();
    return {
      ...head,
      alteredModSeq: this.#alteredModSeq,
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
