import type { FlagSetTable } from '#lib/flags';
import type { ModSeq, UidValidity } from '#lib/ids';
import type { Part } from '#lib/mime';
import type { Filter, PlaceCondition } from '#lib/search';
import type { Unreadable } from './refusal.ts';

/**
 * A mailbox in memory: one entry per message at the same position of all three arrays, ascending by UID.
 * One image is shared by all sessions and must be treated as read-only. `uids` never changes in place (a later image may
 * share its memory, being longer); `flagSets` and `modSeqs` may be brought up to date in place.
 */
export interface MailboxImage {
  readonly uidValidity: UidValidity;
  readonly uidNext: number;
  /** Highest MODSEQ of any change in the mailbox, expunges included; grows with every change. */
  readonly highestModSeq: ModSeq;
  /** Not less than the MODSEQ of the last change of flags of a message that an earlier image showed. */
  readonly alteredModSeq: number;
  readonly uids: Uint32Array;
  /** Indexes into `flagTable`. */
  readonly flagSets: Uint32Array;
  readonly modSeqs: Float64Array;
  readonly flagTable: FlagSetTable;
  /** Keywords in use in the mailbox, for FLAGS. */
  readonly keywords: readonly string[];
}

/** Columns that FETCH and SEARCH can request; the others need not be read. */
export interface RowColumns {
  readonly envelope: boolean;
  /** BODY without extension data. */
  readonly body: boolean;
  readonly bodyStructure: boolean;
  /** INTERNALDATE, RFC822.SIZE and SAVEDATE. */
  readonly numbers: boolean;
  /** Day of the Date header field. */
  readonly sentDate: boolean;
  /** The part tree with offsets. */
  readonly structure: boolean;
}

/** One message's columns. Members that were not requested have arbitrary values. Members of a damaged message throw `Unreadable`. */
export interface MessageRow {
  readonly sizeBytes: number;
  readonly internalDateMs: number;
  /** Time at which it was added to this mailbox; null when unknown (RFC 8514 §3). */
  readonly saveDateMs: number | null;
  /** Day of the Date field as written, time and zone ignored, as ms of its midnight UTC; null when absent (RFC 9051 §6.4.4). */
  readonly sentDayMs: number | null;
  /** In wire form, with its outer parentheses: bytes, or a string of US-ASCII. */
  readonly envelope: Uint8Array | string;
  /** As `envelope`. */
  readonly body: Uint8Array | string;
  /** As `envelope`. */
  readonly bodyStructure: Uint8Array | string;
  readonly structure: Part;
}

/** A message as FETCH and SEARCH read it. Nothing is held open while none of its promises is pending. Reads of a damaged message throw `Unreadable`. */
export interface ReadableMessage {
  readonly sizeBytes: number;
  /** Bytes up to and including the empty line that ends the header. */
  readonly headerSizeBytes: number;
  /** True when it contains a NUL. */
  readonly hasNul: boolean;
  /** Returns the bytes from `start` to `end` (exclusive); synchronously when they are in memory. The result must not be changed. */
  bytes(start: number, end: number): Uint8Array | Promise<Uint8Array>;
  /** Like `bytes`, but may stop short of `end`, after at least one byte unless the range is empty. Cheaper for reading in pieces. */
  piece(start: number, end: number): Uint8Array | Promise<Uint8Array>;
  /** Damage that only the end of a long read showed, when the bytes were sent already; null when none is known. */
  readonly damage: Unreadable | null;
}

/** See `SelectedMailbox.rowReader`. */
export interface RowReader {
  read(uids: Uint32Array): Promise<readonly (MessageRow | 'large' | null)[]>;
}

/** Reads the same header fields of many messages, in the order of their UIDs. Kept for one command. */
export interface FieldReader {
  /** Reads the fields of some ascending UIDs. The result is good until the next read. */
  read(uids: Uint32Array): Promise<ReadFields>;
}

/**
 * Header fields of some messages, by position among the requested UIDs: unchanged, in their order, with the empty line that ends a header
 * (RFC 9051 §6.4.5.1). They are copied directly into the output buffer, since a list has hundreds of thousands of them.
 */
export interface ReadFields {
  /** Returns the number of bytes; -1 when the message is gone, or when its header must be read. */
  sizeAt(i: number): number;
  /** Copies the bytes of a message to `target` at `at`. @returns the offset after them. */
  copyAt(i: number, target: Uint8Array, at: number): number;
}

/** A change of flags (RFC 9051 §6.4.6). */
export interface FlagChange {
  readonly mode: 'add' | 'remove' | 'replace';
  /** `SystemFlag` bits. */
  readonly bits: number;
  /** Keywords as the client spells them; compared without case. */
  readonly keywords: readonly string[];
}

/** Result of COPY: `from[i]` became `to[i]` (RFC 4315 §3). */
export interface CopyResult {
  readonly uidValidity: UidValidity;
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/**
 * A mailbox as selected by one session. UIDs that no longer exist are left out of results, or null in their place.
 * All lists of UIDs are ascending. Methods that change throw `No` as AccountBackend's do.
 */
export interface SelectedMailbox extends AsyncDisposable {
  /** The current image; `refresh` replaces it. */
  readonly image: MailboxImage;
  /** False when no new keyword could be created when the mailbox was selected; `\*` is then not among its permanent flags (RFC 9051 §7.1). */
  readonly takesKeywords: boolean;
  /**
   * Updates `image` with everything durable, and returns it. Cheap when nothing changed.
   * Returns null when the mailbox no longer exists.
   */
  refresh(): Promise<MailboxImage | null>;
  /**
   * Returns the rows of at most `maxRowBatch` messages, in order. A row with large columns is `large` unless it is requested alone, so that
   * a batch never takes much memory; columns of `numbers` and `sentDate` are never large.
   */
  rows(uids: Uint32Array, columns: RowColumns): Promise<readonly (MessageRow | 'large' | null)[]>;
  /** Returns a reader of the same columns of messages among ascending `uids`, in batches, with the results of `rows`. Kept for one command. */
  rowReader(columns: RowColumns, uids: Uint32Array): RowReader;
  /** Returns the contents of a few messages, in order; with `header` only bytes of the header will be read. */
  contents(uids: Uint32Array, want: 'header' | 'all'): Promise<readonly (ReadableMessage | null)[]>;
  /** Returns a reader of the fields with these names, for messages among ascending `uids`; null when reading the headers is cheaper. */
  fieldReader(names: readonly string[], uids: Uint32Array): FieldReader | null;
  /**
   * Returns the UIDs among `uids` of the messages that exist and for which a filter is true. `signal` ends the work early.
   * A damaged message for which that cannot be found out is left out and passed to `onUnreadable`.
   */
  search(
    filter: Filter<PlaceCondition>,
    uids: Uint32Array,
    signal: AbortSignal,
    onUnreadable: (uid: number, error: Unreadable) => void,
  ): Promise<Uint32Array>;
  /** Changes flags. Messages that change get one of `modSeqs`, which no other change gets. `image` is current afterwards. */
  store(uids: Uint32Array, change: FlagChange): Promise<{ readonly modSeqs: readonly ModSeq[] }>;
  /** Removes the messages with \Deleted, all or those among `uids`. `image` is current afterwards. */
  expunge(uids: Uint32Array | null): Promise<void>;
  /** Copies to another mailbox (or this one) with flags and dates, all or nothing (RFC 9051 §6.4.7). Throws `No` TRYCREATE when it does not exist. */
  copy(uids: Uint32Array, to: string): Promise<CopyResult>;
  /** Moves, each message wholly or not at all (RFC 6851 §3.3). `image` is current afterwards. */
  move(uids: Uint32Array, to: string): Promise<CopyResult>;
  /**
   * Returns the UIDs expunged since `modSeq` (exclusive), ascending, from the tombstones; null when the log does not reach back so far.
   * For clients that resynchronize (RFC 7162 §3.2.5.1).
   */
  expungedSince(modSeq: ModSeq): Promise<readonly number[] | null>;
}
