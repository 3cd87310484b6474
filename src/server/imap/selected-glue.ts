import { bodyStructureText, bodyText, envelopeText } from '#lib/imap';
import type { MailboxId, ModSeq } from '#lib/ids';
import type { Part } from '#lib/mime';
import { intersection, type Filter, type PlaceCondition } from '#lib/search';
import { roomOf, type Account } from '#mail/accounts';
import type { ImageLease } from '#mail/changes';
import type { Copied, MessageColumns } from '#mail/messages';
import { Evaluator, matchText, PlaceSpace, type TextSource } from '#mail/search';
import {
  No,
  type CopyResult,
  type FieldReader,
  type FlagChange,
  type MailboxImage,
  type ReadableMessage,
  type MessageRow,
  type RowColumns,
  type RowReader,
  type SelectedMailbox,
  Unreadable,
} from '#proto/imap-server';
import { blockFieldReader, blockNumbers, blockRowReader, noStructure, type ListedMailbox } from './header-fields.ts';
import { DamagedRow, damagedMessage, readable, readableBytes, readEach, unreadable } from './readable.ts';
import { saying } from './refusals.ts';

/** Messages whose sizes are added up at a time. */
const sizesBatch = 500;

/** Dependencies of a selected mailbox. */
export interface SelectedGlueDeps {
  readonly account: Account;
  readonly mailbox: MailboxId;
  /** Released on disposal. */
  readonly lease: ImageLease;
  /** 0 is unlimited. */
  readonly quotaBytes: number;
  readonly takesKeywords: boolean;
}

/** A mailbox that one session has selected. */
export class SelectedGlue implements SelectedMailbox {
  readonly #account: Account;
  readonly #mailbox: MailboxId;
  readonly #lease: ImageLease;
  readonly #quotaBytes: number;
  #image: MailboxImage;
  readonly takesKeywords: boolean;

  constructor({ account, mailbox, lease, quotaBytes, takesKeywords }: SelectedGlueDeps) {
    this.takesKeywords = takesKeywords;
    this.#account = account;
    this.#mailbox = mailbox;
    this.#lease = lease;
    this.#quotaBytes = quotaBytes;
    this.#image = lease.image;
  }

  get image(): MailboxImage {
    return this.#image;
  }

  async refresh(): Promise<MailboxImage | null> {
    const image = await this.#lease.refresh();
    if (image !== null) this.#image = image;
    return image;
  }

  async rows(uids: Uint32Array, columns: RowColumns): Promise<(MessageRow | 'large' | null)[]> {
    const { envelope, body, bodyStructure, structure, sentDate } = columns;
    const areTexts = envelope || body || bodyStructure;
    const wanted = {
      description: areTexts || structure,
      oldListed: false,
      oldTexts: areTexts,
      sentDay: sentDate,
    };
    const read = async (some: Uint32Array): Promise<(MessageRow | 'large' | null)[]> => {
      const found = await this.#account.reader.rows(this.#mailbox, some, wanted);
      return inOrder(some, found, (row) => (row.isLarge ? 'large' : rowOf(row)));
    };
    return readEach(uids, read, (error) => new DamagedRow(error));
  }

  async contents(uids: Uint32Array, want: 'header' | 'all'): Promise<(ReadableMessage | null)[]> {
    const read = async (some: Uint32Array): Promise<(ReadableMessage | null)[]> => {
      const found = await this.#account.reader.contents(this.#mailbox, some, want);
      return inOrder(some, found, ({ content, headerSizeBytes, hasNul }) => ({
        sizeBytes: content.sizeBytes,
        headerSizeBytes,
        hasNul,
        bytes: (start: number, end: number) => readableBytes(() => content.bytes(start, end)),
        piece: (start: number, end: number) => readableBytes(() => content.piece(start, end)),
        get damage() {
          return content.damage === null ? null : unreadable(content.damage);
        },
      }));
    };
    return readEach(uids, read, damagedMessage);
  }

  rowReader(columns: RowColumns, uids: Uint32Array): RowReader {
    return blockRowReader(this.#listed, columns, uids, (some) => this.rows(some, columns));
  }

  fieldReader(names: readonly string[], uids: Uint32Array): FieldReader | null {
    return blockFieldReader(this.#listed, names, uids);
  }

  get #listed(): ListedMailbox {
    return { account: this.#account, mailbox: this.#mailbox, uids: () => this.#image.uids };
  }

  async search(
    filter: Filter<PlaceCondition>,
    uids: Uint32Array,
    signal: AbortSignal,
    onUnreadable: (uid: number, error: Unreadable) => void,
  ): Promise<Uint32Array> {
    const { image } = this;
    const space = new PlaceSpace({
      loop: this.#account.loop,
      image,
      numbers: (some) => blockNumbers(this.#listed, some),
      rows: (some, want) => this.#numbers(some, want),
      matchText: (some, conditions, onFailure) => matchText(this.#textSource, some, conditions, { signal, onFailure }),
      isMessageDamage: (error) => error instanceof Unreadable,
    });
    const candidates = uids === image.uids ? uids : intersection(uids, image.uids);
    const found = await new Evaluator(space).find(filter, candidates);
    for (const [uid, error] of space.unknown) if (error instanceof Unreadable) onUnreadable(uid, error);
    return found;
  }

  async #numbers(uids: Uint32Array, want: 'sentDay' | 'others'): Promise<(MessageRow | null)[]> {
    const isSent = want === 'sentDay';
    const rows = await this.rows(uids, { ...noColumns, numbers: !isSent, sentDate: isSent });
    return rows.map((row) => (row === 'large' ? null : row));
  }

  get #textSource(): TextSource {
    return {
      ...this.#listed,
      contents: (uids, want) => this.contents(uids, want),
      structures: async (uids) => {
        const rows = await this.rows(uids, structureOnly);
        return rows.map((row, i) => () => this.#structureOf(uids[i] ?? 0, row));
      },
    };
  }

  async #structureOf(uid: number, row: MessageRow | 'large' | null): Promise<Part | null> {
    if (row !== 'large') return row?.structure ?? null;
    const [alone = null] = await this.rows(Uint32Array.of(uid), structureOnly);
    return alone === null || alone === 'large' ? null : alone.structure;
  }

  async store(uids: Uint32Array, change: FlagChange): Promise<{ readonly modSeqs: readonly ModSeq[] }> {
    const { modSeqs } = await this.#changing(() => this.#account.messages.store(this.#mailbox, uids, change));
    return { modSeqs };
  }

  async expunge(uids: Uint32Array | null): Promise<void> {
    await this.#changing(() => this.#account.messages.expunge(this.#mailbox, uids));
  }

  async copy(uids: Uint32Array, to: string): Promise<CopyResult> {
    if (this.#quotaBytes > 0) await this.#checkQuota(uids);
    return copied(
      await this.#changing(() => this.#account.messages.copy(this.#mailbox, uids, { name: to }), 'TRYCREATE'),
    );
  }

  async move(uids: Uint32Array, to: string): Promise<CopyResult> {
    return copied(
      await this.#changing(() => this.#account.messages.move(this.#mailbox, uids, { name: to }), 'TRYCREATE'),
    );
  }

  async expungedSince(modSeq: ModSeq): Promise<number[]> {
    return this.#account.changes.removedSince(this.#mailbox, modSeq);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lease[Symbol.dispose]();
  }

  /** A copy counts like a message of its own. @throws No OVERQUOTA (RFC 9208 §4.3.1). */
  async #checkQuota(uids: Uint32Array): Promise<void> {
    let leftBytes = await roomOf(this.#account, this.#quotaBytes);
    for (let start = 0; start < uids.length; start += sizesBatch) {
      const batch = uids.subarray(start, start + sizesBatch);
      const rows = await this.#account.reader.rows(this.#mailbox, batch, sizesOnly);
      leftBytes -= rows.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
      if (leftBytes < 0) throw new No('OVERQUOTA', 'the copies would be over the quota');
    }
  }

  /** Changes messages, and brings the image up to date with that. */
  async #changing<T>(change: () => Promise<T>, missing?: 'TRYCREATE'): Promise<T> {
    const result = await saying(change, missing);
    await this.refresh();
    return result;
  }
}

const sizesOnly = { description: false, oldListed: false, oldTexts: false, sentDay: false } as const;

const noColumns: RowColumns = {
  envelope: false,
  body: false,
  bodyStructure: false,
  numbers: false,
  sentDate: false,
  structure: false,
};

const structureOnly: RowColumns = { ...noColumns, structure: true };

function copied({ uidValidity, from, to }: Copied): CopyResult {
  return { uidValidity, from, to };
}

/** Texts and structure are made when they are asked for, so that a damaged one is its own message's failure only. */
function rowOf(row: MessageColumns): MessageRow {
  return {
    sizeBytes: row.sizeBytes,
    internalDateMs: row.receivedMs,
    saveDateMs: row.saveMs,
    sentDayMs: row.sentDayMs,
    get envelope() {
      return readable(() => envelopeText(row));
    },
    get body() {
      return readable(() => bodyText(row));
    },
    get bodyStructure() {
      return readable(() => bodyStructureText(row));
    },
    get structure() {
      return readable(() => row.description?.root ?? noStructure);
    },
  };
}

/** One result per UID, null for those that were not found; both lists ascend. */
function inOrder<Found extends { readonly uid: number }, Result>(
  uids: Uint32Array,
  found: readonly Found[],
  make: (row: Found) => Result,
): (Result | null)[] {
  const results: (Result | null)[] = [];
  let next = 0;
  for (const uid of uids) {
    const row = found[next];
    if (row?.uid === uid) {
      results.push(make(row));
      next += 1;
    } else results.push(null);
  }
  return results;
}
