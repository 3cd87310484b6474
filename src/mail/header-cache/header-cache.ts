import type { AccountId, MailboxId } from '#lib/ids';
import type { MessageDescription } from '#lib/message-description';
import { lowerBound } from '#lib/sorted-numbers';
import type { Compression } from '#ports/compression';
import type { Database } from '#ports/database';
import type { EventLoop } from '#ports/event-loop';
import { BlockBuilder, type MessageFacts, type ReadyText } from './block-builder.ts';
import {
  dropHeaderBlock,
  insertBlock,
  readBlock,
  selectBlock,
  selectRanges,
  wantedCodes,
  writeBlock,
  type BlockRange,
  type StoredRows,
  type WantedRows,
} from './block-rows.ts';
import { differentUid, wholeBlock } from './compare-blocks.ts';
import type { HeaderBlock } from './header-block.ts';
import { headerCacheLimits, type HeaderCacheLimits } from './limits.ts';
import type { RowMemory, RowPlace } from './row-memory.ts';

/** Dependencies of `HeaderCache`. */
export interface HeaderCacheDeps {
  readonly account: AccountId;
  readonly db: Database;
  readonly source: HeaderSource;
  readonly listTexts: ListTexts;
  readonly compression: Compression;
  /** Rows that were read lately, of all accounts. */
  readonly memory: RowMemory;
  readonly loop: EventLoop;
}

/** Source from which blocks are made, a few messages at a time: those that exist among ascending UIDs, ascending. */
export interface HeaderSource {
  rows(mailbox: MailboxId, uids: Uint32Array, wanted: typeof wantedColumns): Promise<readonly SourceRow[]>;
}

/** A message as `HeaderSource` gives it. */
export interface SourceRow extends MessageFacts {
  readonly description: MessageDescription | null;
  readonly oldTexts: { readonly envelope: string; readonly body: string; readonly bodyStructure: string } | null;
  /** Columns were left out: ask for this message alone. */
  readonly isLarge: boolean;
}

/** Texts that a protocol makes of messages for its lists, and that are kept in blocks beside the fields. */
export interface ListTexts {
  /** Texts of each message, at most seven. */
  readonly count: number;
  /** Makes them, empty where one cannot be made. */
  readonly write: (row: SourceRow) => readonly ReadyText[];
}

const wantedColumns = { description: true, oldListed: true, oldTexts: true, sentDay: true } as const;

/** Arguments of a scan. */
export interface WantedBlocks extends WantedRows {
  /** Messages without a stored block are read; otherwise they are passed over. */
  readonly isComplete: boolean;
}

/** Reads the header fields of many messages of a mailbox of one account, in the order of their UIDs. */
export class HeaderCache {
  readonly #deps: HeaderCacheDeps;
  readonly #limits: HeaderCacheLimits;
  /** A block could not be stored: the database has troubles that others report, and reading goes on without. */
  #isReadOnly = false;

  constructor(deps: HeaderCacheDeps, limits: HeaderCacheLimits = headerCacheLimits) {
    this.#deps = deps;
    this.#limits = limits;
  }

  /**
   * Yields blocks that together have the messages of `uids`, and may have others; a message that is damaged may be missing. Where no block is stored one is made, and stored when
   * it is large enough. `all` are the UIDs of all messages of the mailbox, ascending, and `uids` some of them. What is yielded is durable.
   */
  async *blocks(
    mailbox: MailboxId,
    all: Uint32Array,
    uids: Uint32Array,
    wanted: WantedBlocks,
  ): AsyncGenerator<HeaderBlock> {
    const { account, db, loop } = this.#deps;
    let ranges = await db.read((reader) => selectRanges(reader, account, mailbox));
    await db.durable();
    let storing: Promise<unknown> = Promise.resolve();
    /** The last UID of what was yielded. */
    let covered = 0;
    for (let at = 0; at < uids.length; at = lowerBound(uids, covered + 1)) {
      const uid = uids[at] ?? 0;
      const range = ranges.find(({ lastUid }) => lastUid >= uid);
      let block: HeaderBlock | null = null;
      if (range !== undefined && range.firstUid <= uid) {
        if (!this.#isStale(range, all)) block = await this.#stored(mailbox, range, wanted);
        if (block === null) ranges = ranges.filter((some) => some !== range);
      }
      if (block === null && !wanted.isComplete) {
        covered = Math.max(uid, (ranges.find(({ firstUid }) => firstUid > uid)?.firstUid ?? 0x1_0000_0000) - 1);
        continue;
      }
      if (block === null) {
        // At most one write is under way.
        await storing;
        block = await this.#make(mailbox, this.#gap(uid, covered, all, uids.subarray(at), ranges), uid);
        storing = this.#store(mailbox, block);
      }
      covered = Math.max(uid, block.messages.uids.at(-1) ?? 0);
      yield block;
      await loop.pause();
    }
    await storing;
  }

  /**
   * Compares the stored blocks of a mailbox with its messages, and yields those that are damaged or contradict them. `all` are the UIDs of its messages,
   * ascending. Reads the description of each message that has a block.
   */
  async *damagedBlocks(mailbox: MailboxId, all: Uint32Array): AsyncGenerator<DamagedBlock> {
    const { account, db, memory } = this.#deps;
    for (const range of await db.read((reader) => selectRanges(reader, account, mailbox))) {
      const { firstUid, lastUid } = range;
      // Of what is stored, not of what is remembered.
      memory.forget({ account, mailbox, range }, wantedCodes(wholeBlock));
      const stored = await this.#stored(mailbox, range, wholeBlock);
      if (stored !== null) {
        const uid = await this.#differentUid(
          mailbox,
          stored,
          all.subarray(lowerBound(all, firstUid), lowerBound(all, lastUid + 1)),
        );
        if (uid !== null) yield { firstUid, lastUid, reason: `contradicts the message with UID ${uid}` };
        continue;
      }
      const now = await db.read((reader) => selectRanges(reader, account, mailbox));
      // Others may have made it anew meanwhile.
      if (now.some((some) => some.firstUid === firstUid && some.lastUid === lastUid && some.count === range.count)) {
        yield { firstUid, lastUid, reason: 'cannot be unpacked' };
      }
    }
  }

  /** Drops the block that begins with `firstUid`; it is made anew when it is wanted. */
  async drop(mailbox: MailboxId, firstUid: number): Promise<void> {
    const { account, db, memory } = this.#deps;
    for (const range of await db.read((reader) => selectRanges(reader, account, mailbox))) {
      if (range.firstUid === firstUid) memory.forget({ account, mailbox, range }, wantedCodes(wholeBlock));
    }
    await db.write((tx) => dropHeaderBlock(tx, account, mailbox, firstUid));
  }

  async #differentUid(mailbox: MailboxId, stored: HeaderBlock, uids: Uint32Array): Promise<number | null> {
    for (let at = 0; at < uids.length;) {
      const made = await this.#make(mailbox, uids.subarray(at), uids[at] ?? 0);
      const uid = await differentUid(stored, made, this.#deps.loop);
      if (uid !== null) return uid;
      // Without the messages that cannot be read, which others report.
      at = Math.max(at + 1, lowerBound(uids, (made.messages.uids.at(-1) ?? Number.POSITIVE_INFINITY) + 1));
    }
    return null;
  }

  /** The stored block; null when it is gone, or damaged, and better made anew. */
  async #stored(mailbox: MailboxId, range: BlockRange, wanted: WantedRows): Promise<HeaderBlock | null> {
    const { account, compression, memory, loop } = this.#deps;
    const place = { account, mailbox, range };
    const codes = wantedCodes(wanted);
    const rows = await this.#storedRows(place, codes);
    if (rows === null) return null;
    try {
      return await readBlock(rows, range, wanted, compression, loop);
    } catch {
      memory.forget(place, codes);
      return null;
    }
  }

  /** The rows of a block with these codes, null when it is gone. */
  async #storedRows(place: RowPlace, codes: readonly number[]): Promise<StoredRows | null> {
    const { account, db, memory } = this.#deps;
    const rows = new Map<number, Uint8Array>();
    const unknown: number[] = [];
    for (const code of codes) {
      const row = memory.get(place, code);
      if (row === undefined) unknown.push(code);
      else if (row !== null) rows.set(code, row);
    }
    if (unknown.length === 0) return rows;
    // Each read is a piece of work, and a row may have some hundred KiB. A block that is made anew meanwhile has other messages, or the same rows.
    for (let at = 0; at < unknown.length; at += rowsPerRead) {
      const codes = unknown.slice(at, at + rowsPerRead);
      const read = await db.read((reader) => selectBlock(reader, account, place.mailbox, place.range, codes));
      if (read === null) return null;
      for (const code of codes) {
        const row = read.get(code) ?? null;
        memory.set(place, code, row);
        if (row !== null) rows.set(code, row);
      }
    }
    return rows;
  }

  /** A quarter of its messages is gone, or it is a small one to which more can be added. */
  #isStale({ firstUid, lastUid, count }: BlockRange, all: Uint32Array): boolean {
    const from = lowerBound(all, firstUid);
    const to = lowerBound(all, lastUid + 1);
    if (to - from < count * 0.75) return true;
    return count < this.#limits.smallBlockMessages && all.length - to >= this.#limits.minStoredMessages;
  }

  /** The UIDs for a block with `uid`: where enough follow each other without one, all of these, else those that are wanted. */
  #gap(
    uid: number,
    covered: number,
    all: Uint32Array,
    wanted: Uint32Array,
    ranges: readonly BlockRange[],
  ): Uint32Array {
    const { blockMessages, minStoredMessages } = this.#limits;
    let before = covered;
    let after = Number.POSITIVE_INFINITY;
    for (const { firstUid, lastUid } of ranges) {
      if (lastUid < uid) before = Math.max(before, lastUid);
      else if (firstUid > uid) after = Math.min(after, firstUid);
    }
    const from = lowerBound(all, before + 1);
    const to = lowerBound(all, after);
    // Cut from the beginning of the gap, so that no small rests stay between blocks.
    const start = from + Math.floor((lowerBound(all, uid) - from) / blockMessages) * blockMessages;
    const end = Math.min(to, start + blockMessages);
    const block = all.subarray(start, end);
    const wantedOfBlock = lowerBound(wanted, (block.at(-1) ?? 0) + 1);
    if (block.length >= minStoredMessages && wantedOfBlock * wantedShare >= block.length) return block;
    return wanted.subarray(0, Math.min(Math.max(1, lowerBound(wanted, after)), minStoredMessages));
  }

  /** Reads descriptions and makes a block of them, with `uid` in it if that exists: it ends early when a field is full. */
  async #make(mailbox: MailboxId, uids: Uint32Array, uid: number): Promise<HeaderBlock> {
    const { loop, listTexts } = this.#deps;
    const { readMessages } = this.#limits;
    let builder = new BlockBuilder(listTexts.count);
    for (let at = 0; at < uids.length; at += readMessages) {
      const some = uids.subarray(at, at + readMessages);
      if (builder.isFull) {
        if ((some[0] ?? 0) > uid) break;
        builder = new BlockBuilder(listTexts.count);
      }
      for (const row of await this.#rows(mailbox, some)) {
        const pause = loop.pause();
        if (pause !== null) await pause;
        builder.add(row, row.description?.listed ?? null, listTexts.write(row));
      }
    }
    return await builder.build(loop);
  }

  /** The rows that can be read, large ones one by one. */
  async #rows(mailbox: MailboxId, uids: Uint32Array): Promise<readonly SourceRow[]> {
    let rows: readonly SourceRow[] | null = null;
    try {
      rows = await this.#deps.source.rows(mailbox, uids, wantedColumns);
    } catch (error) {
      if (uids.length < 2) throw error;
    }
    if (rows !== null && !rows.some(({ isLarge }) => isLarge && uids.length > 1)) return rows;
    const found: SourceRow[] = [];
    // A message whose rows are damaged is in no block; reading it by itself reports what is wrong.
    const one = (uid: number): Promise<readonly SourceRow[]> =>
      this.#rows(mailbox, Uint32Array.of(uid)).catch(() => []);
    if (rows === null) for (const uid of uids) found.push(...(await one(uid)));
    else for (const row of rows) found.push(...(row.isLarge ? await one(row.uid) : [row]));
    return found;
  }

  async #store(mailbox: MailboxId, block: HeaderBlock): Promise<void> {
    const { account, db, compression, loop } = this.#deps;
    const { uids } = block.messages;
    if (this.#isReadOnly || uids.length < this.#limits.minStoredMessages) return;
    const range = { firstUid: uids[0] ?? 0, lastUid: uids.at(-1) ?? 0, count: uids.length };
    try {
      const rows = await writeBlock(block, compression, loop);
      await db.write((tx) => insertBlock(tx, account, mailbox, range, rows));
    } catch {
      this.#isReadOnly = true;
    }
  }
}

/** A stored block that does not say what its messages say. */
export interface DamagedBlock {
  readonly firstUid: number;
  readonly lastUid: number;
  /** A verb phrase. */
  readonly reason: string;
}

/** Rows of a block that are read at a time. */
const rowsPerRead = 4;

/** A block is made when at least one in so many of its messages is wanted. */
const wantedShare = 8;
