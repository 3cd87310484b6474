import { ListText } from '#lib/imap';
import type { MailboxId } from '#lib/ids';
import { MimeIndexer } from '#lib/mime';
import type { Account } from '#mail/accounts';
import { FieldPicker, RowCode, type HeaderBlock } from '#mail/header-cache';
import type { NumberPiece } from '#mail/search';
import type { FieldReader, MessageRow, ReadFields, RowColumns, RowReader } from '#proto/imap-server';

/** Structure of rows for which it was not asked: that of an empty message. */
export const noStructure = new MimeIndexer().finish().root;

/** Codes of the texts in blocks. */
const TextCode = {
  Envelope: RowCode.FirstText + ListText.Envelope,
  BodyStructure: RowCode.FirstText + ListText.BodyStructure,
} as const;

/** So few headers are read as fast as looked up. */
const fewMessages = 16;

/** A mailbox of an account, and the UIDs of all its messages. */
export interface ListedMailbox {
  readonly account: Account;
  readonly mailbox: MailboxId;
  readonly uids: () => Uint32Array;
}

/** A reader of the fields with these names, for messages among `uids`; null when blocks do not have all of them. */
export function blockFieldReader(
  { account, mailbox, uids: all }: ListedMailbox,
  names: readonly string[],
  uids: Uint32Array,
): FieldReader | null {
  if (uids.length < fewMessages) return null;
  const picker = FieldPicker.of(names);
  if (picker === null) return null;
  const wanted = { facts: false, order: true, fields: picker.codes, isComplete: true };
  return new BlockFieldReader(account.headers.blocks(mailbox, all(), uids, wanted), picker);
}

/** Goes through blocks, which come in the order of UIDs, with batches of messages, which are smaller. */
class BlockCursor {
  readonly #blocks: AsyncGenerator<HeaderBlock, void>;
  block: HeaderBlock | null = null;
  /** Position in the block. */
  at = 0;

  constructor(blocks: AsyncGenerator<HeaderBlock, void>) {
    this.#blocks = blocks;
  }

  /** Goes on to a message. @returns null, or what to wait for before asking `isAt`. */
  seek(uid: number): Promise<void> | null {
    return this.block === null || (this.block.messages.uids.at(-1) ?? 0) < uid ? this.#next(uid) : null;
  }

  /** Reports whether the message is in the block; `at` is its position then. */
  isAt(uid: number): boolean {
    const uids = this.block?.messages.uids ?? noUids;
    while (this.at < uids.length && (uids[this.at] ?? 0) < uid) this.at++;
    return uids[this.at] === uid;
  }

  async #next(uid: number): Promise<void> {
    do {
      const next = await this.#blocks.next();
      if (next.done === true) return;
      this.block = next.value;
      this.at = 0;
    } while ((this.block.messages.uids.at(-1) ?? 0) < uid);
  }
}

const noUids = new Uint32Array(0);

/** Reads fields out of blocks. */
class BlockFieldReader implements FieldReader {
  readonly #cursor: BlockCursor;
  readonly #picker: FieldPicker;

  constructor(blocks: AsyncGenerator<HeaderBlock, void>, picker: FieldPicker) {
    this.#cursor = new BlockCursor(blocks);
    this.#picker = picker;
  }

  async read(uids: Uint32Array): Promise<ReadFields> {
    const cursor = this.#cursor;
    const blocks: (HeaderBlock | null)[] = [];
    const places = new Int32Array(uids.length);
    for (let i = 0; i < uids.length; i++) {
      const uid = uids[i] ?? 0;
      const waiting = cursor.seek(uid);
      if (waiting !== null) await waiting;
      const isThere = cursor.isAt(uid) && cursor.block?.messages.isLeftOut[cursor.at] === 0;
      blocks.push(isThere ? cursor.block : null);
      places[i] = cursor.at;
    }
    return new BlockFields(this.#picker, blocks, places);
  }
}

/** Fields that lie in blocks. */
class BlockFields implements ReadFields {
  readonly #picker: FieldPicker;
  readonly #blocks: readonly (HeaderBlock | null)[];
  readonly #places: Int32Array;

  /** @param blocks  Of each message, null for those whose fields no block has, with their places in them. */
  constructor(picker: FieldPicker, blocks: readonly (HeaderBlock | null)[], places: Int32Array) {
    this.#picker = picker;
    this.#blocks = blocks;
    this.#places = places;
  }

  sizeAt(i: number): number {
    const block = this.#blocks[i] ?? null;
    return block === null ? -1 : this.#picker.size(block, this.#places[i] ?? 0);
  }

  copyAt(i: number, target: Uint8Array, at: number): number {
    const block = this.#blocks[i] ?? null;
    return block === null ? at : this.#picker.copy(block, this.#places[i] ?? 0, target, at);
  }
}

/** Reports whether blocks have these columns. */
function areInBlocks({ body, sentDate, structure, envelope, bodyStructure }: RowColumns): boolean {
  return !body && !sentDate && !structure && (envelope || bodyStructure);
}

/** A reader of rows that takes from stored blocks what they have, and the rest from `rows`. */
export function blockRowReader(
  { account, mailbox, uids: all }: ListedMailbox,
  columns: RowColumns,
  uids: Uint32Array,
  rows: (uids: Uint32Array) => Promise<(MessageRow | 'large' | null)[]>,
): RowReader {
  if (uids.length < fewMessages || !areInBlocks(columns)) return { read: rows };
  const fields = [
    ...(columns.envelope ? [TextCode.Envelope] : []),
    ...(columns.bodyStructure ? [TextCode.BodyStructure] : []),
  ];
  const blocks = account.headers.blocks(mailbox, all(), uids, {
    facts: true,
    order: false,
    fields,
    // Where many messages are listed, what has to be made for them is kept for the next list.
    isComplete: uids.length >= manyMessages,
  });
  return new BlockRowReader(new BlockCursor(blocks), columns, rows);
}

class BlockRowReader implements RowReader {
  readonly #cursor: BlockCursor;
  readonly #columns: RowColumns;
  readonly #rows: (uids: Uint32Array) => Promise<(MessageRow | 'large' | null)[]>;

  constructor(
    cursor: BlockCursor,
    columns: RowColumns,
    rows: (uids: Uint32Array) => Promise<(MessageRow | 'large' | null)[]>,
  ) {
    this.#cursor = cursor;
    this.#columns = columns;
    this.#rows = rows;
  }

  async read(uids: Uint32Array): Promise<(MessageRow | 'large' | null)[]> {
    const cursor = this.#cursor;
    const results: (MessageRow | 'large' | null)[] = [];
    const missing: number[] = [];
    for (const uid of uids) {
      const waiting = cursor.seek(uid);
      if (waiting !== null) await waiting;
      const row = cursor.isAt(uid) && cursor.block !== null ? this.#rowAt(cursor.block, cursor.at) : null;
      if (row === null) missing.push(results.length);
      results.push(row);
    }
    if (missing.length > 0) {
      const read = await this.#rows(Uint32Array.from(missing, (i) => uids[i] ?? 0));
      for (const [k, i] of missing.entries()) results[i] = read[k] ?? null;
    }
    return results;
  }

  #rowAt({ columns, facts }: HeaderBlock, at: number): MessageRow | null {
    const envelope = this.#columns.envelope ? textAt(columns, TextCode.Envelope, at) : nothing;
    const bodyStructure = this.#columns.bodyStructure ? textAt(columns, TextCode.BodyStructure, at) : nothing;
    if (envelope === null || bodyStructure === null || facts === null) return null;
    return {
      sizeBytes: facts.sizeBytes[at] ?? 0,
      internalDateMs: facts.receivedMs[at] ?? 0,
      saveDateMs: facts.saveMs[at] ?? 0,
      sentDayMs: null,
      envelope,
      body: nothing,
      bodyStructure,
      structure: noStructure,
    };
  }
}

/** So many messages are listed by blocks, which are made where there are none; rows of fewer are read one by one. */
const manyMessages = 1024;
const nothing = new Uint8Array(0);

function textAt(columns: HeaderBlock['columns'], code: number, at: number): Uint8Array | null {
  const column = columns.get(code);
  if (column === undefined) return null;
  const start = column.offsets[at] ?? 0;
  const end = column.offsets[at + 1] ?? 0;
  return end > start ? column.bytes.subarray(start, end) : null;
}

/** Facts of messages as far as blocks are stored. */
export async function* blockNumbers(
  { account, mailbox, uids: all }: ListedMailbox,
  uids: Uint32Array,
): AsyncGenerator<NumberPiece> {
  const wanted = { facts: true, order: false, fields: [], isComplete: false };
  for await (const { messages, facts } of account.headers.blocks(mailbox, all(), uids, wanted)) {
    if (facts === null) continue;
    const { receivedMs, saveMs, sizeBytes, sentDayMs } = facts;
    yield { uids: messages.uids, sizeBytes, internalDateMs: receivedMs, saveDateMs: saveMs, sentDayMs };
  }
}
