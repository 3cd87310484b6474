import type { FlagSetTable } from '#lib/flags';
import type { ModSeq, UidValidity } from '#lib/ids';
import type { Part } from '#lib/mime';
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

/** Columns that FETCH and SEARCH can ask for; unwanted ones need not be read. */
export interface RowColumns {
  readonly envelope: boolean;
  /** BODY without extension data. */
  readonly body: boolean;
  readonly bodyStructure: boolean;
  /** INTERNALDATE, RFC822.SIZE and SAVEDATE. */
  readonly numbers: boolean;
  /** Date header field, for SENTBEFORE and its kin. */
  readonly sentDate: boolean;
  /** The part tree with offsets. */
  readonly structure: boolean;
}

/** One message's columns. Members that were not asked for have any value. Members of a damaged message throw `Unreadable`. */
export interface MessageRow {
  readonly sizeBytes: number;
  readonly internalDateMs: number;
  /** When it came into this mailbox; null when unknown (RFC 8514 §3). */
  readonly saveDateMs: number | null;
  /** Day of the Date field as written, time and zone ignored, as ms of its midnight UTC; null when absent (RFC 9051 §6.4.4). */
  readonly sentDayMs: number | null;
  /** Ready to send, with its outer parentheses: bytes, or a string of US-ASCII. */
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
  /** A NUL occurs in it. */
  readonly hasNul: boolean;
  /** Bytes from `start` to `end` (exclusive); at once when they are in memory. The result must not be changed. */
  bytes(start: number, end: number): Uint8Array | Promise<Uint8Array>;
  /** As `bytes`, but it may stop short of `end`; at least one byte unless the range is empty. Cheaper when the whole is read in pieces. */
  piece(start: number, end: number): Uint8Array | Promise<Uint8Array>;
}

/** Facts of messages for SEARCH, at the same position of all arrays, ascending by UID. Times are as in `MessageRow`. */
export interface NumberColumns {
  readonly uids: Uint32Array;
  readonly sizeBytes: Float64Array;
  readonly internalDateMs: Float64Array;
  readonly saveDateMs: Float64Array;
  /** NaN when the message has no usable Date. */
  readonly sentDayMs: Float64Array;
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
 * Header fields of some messages, by position among the UIDs that were asked for: as they stand, in their order, with the empty line that ends a header
 * (RFC 9051 §6.4.5.1). They are put where they are to be sent from, since a list has hundreds of thousands of them.
 */
export interface ReadFields {
  /** Number of bytes; -1 when the message is gone, or its header must be read to know. */
  sizeAt(i: number): number;
  /** Copies the bytes of a message to `target`, from `at` on. @returns where they end. */
  copyAt(i: number, target: Uint8Array, at: number): number;
}

/** A search key that looks into text. `value` is as sent, Unicode; matching is by substring, ignoring case (RFC 9051 §6.4.4). */
export type TextKey =
  /** `name` is lower case; an empty `value` matches every message that has the field. */
  | { readonly kind: 'header'; readonly name: string; readonly value: string }
  /** Text of the body's parts, decoded. */
  | { readonly kind: 'body'; readonly value: string }
  /** Header or body. */
  | { readonly kind: 'text'; readonly value: string };

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
 * A mailbox as one session has it selected. UIDs that no longer exist are left out of results, or null at their place.
 * All lists of UIDs are ascending. Methods that change throw `No` as AccountBackend's do.
 */
export interface SelectedMailbox extends AsyncDisposable {
  /** The current image; `refresh` replaces it. */
  readonly image: MailboxImage;
  /** False when no new keyword could be made as the mailbox was selected: `\*` is not among its permanent flags then. */
  readonly takesKeywords: boolean;
  /**
   * Brings `image` up to date with everything durable, and answers it. Cheap when nothing changed.
   * Null when the mailbox no longer exists.
   */
  refresh(): Promise<MailboxImage | null>;
  /**
   * Rows of at most `maxRowBatch` messages, in order. Those with large columns are `large` until they are asked for alone, so that
   * a batch never takes much memory; columns of `numbers` and `sentDate` are never large.
   */
  rows(uids: Uint32Array, columns: RowColumns): Promise<readonly (MessageRow | 'large' | null)[]>;
  /** A reader of the same columns of messages among ascending `uids`, batch after batch, as `rows` would give them. Kept for one command. */
  rowReader(columns: RowColumns, uids: Uint32Array): RowReader;
  /** Contents of a few messages, in order; with `header` only bytes of the header will be asked for. */
  contents(uids: Uint32Array, want: 'header' | 'all'): Promise<readonly (ReadableMessage | null)[]>;
  /** A reader of the fields with these names, for messages among ascending `uids`; null when they are better read with the headers. */
  fieldReader(names: readonly string[], uids: Uint32Array): FieldReader | null;
  /** Facts of the messages among ascending `uids`, in pieces. Messages that are missing in all of them are to be asked for with `rows`. */
  numbers(uids: Uint32Array): AsyncIterable<NumberColumns>;
  /**
   * For each key, the UIDs among `uids` that match, ascending. `signal` ends the work early.
   * A damaged message matches nothing, and `onUnreadable` gets it.
   */
  matchText(
    uids: Uint32Array,
    keys: readonly TextKey[],
    signal: AbortSignal,
    onUnreadable: (uid: number, error: Unreadable) => void,
  ): Promise<readonly (readonly number[] | Uint32Array)[]>;
  /** Changes flags; messages that change get one of `modSeqs`, which nothing else gets. `image` is current afterwards. */
  store(uids: Uint32Array, change: FlagChange): Promise<{ readonly modSeqs: readonly ModSeq[] }>;
  /** Removes the messages with \Deleted, all or those among `uids`. `image` is current afterwards. */
  expunge(uids: Uint32Array | null): Promise<void>;
  /** Copies to another mailbox (or this one) with flags and dates, all or nothing. TRYCREATE when it does not exist. */
  copy(uids: Uint32Array, to: string): Promise<CopyResult>;
  /** Moves, each message wholly or not at all (RFC 6851 §3.3). `image` is current afterwards. */
  move(uids: Uint32Array, to: string): Promise<CopyResult>;
  /**
   * UIDs expunged since `modSeq` (exclusive), ascending, from the tombstones; null when the log does not reach back so far.
   * For clients that resynchronise (RFC 7162 §3.2.5.1).
   */
  expungedSince(modSeq: ModSeq): Promise<readonly number[] | null>;
}
