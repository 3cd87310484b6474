import type { FetchItem } from './fetch-item.ts';
import type { SearchKey, SearchReturn } from './search-key.ts';
import type { SequenceSet } from './sequence-set.ts';

/** Flags of APPEND and STORE. */
export interface FlagList {
  /** `SystemFlag` bits of #lib/flags. */
  readonly bits: number;
  /** Keywords as the client spells them, in the order given, without duplicates that differ in case only. */
  readonly keywords: readonly string[];
  /** Other flags that start with a backslash, lower case, such as `\recent`, which clients cannot set (RFC 3501 §2.3.2). */
  readonly unknown: readonly string[];
}

/** STATUS data items (RFC 9051 §6.3.11; RECENT RFC 3501, APPENDLIMIT RFC 7889, HIGHESTMODSEQ RFC 7162). */
export type StatusItem =
  | 'messages'
  | 'recent'
  | 'uidNext'
  | 'uidValidity'
  | 'unseen'
  | 'deleted'
  | 'size'
  | 'appendLimit'
  | 'highestModSeq';

/** LIST selection options (RFC 9051 §6.3.9.1, RFC 6154 §3). */
export type ListSelect = 'subscribed' | 'remote' | 'recursiveMatch' | 'specialUse';

/** LIST return options (RFC 9051 §6.3.9.2); `status` is null when STATUS was not asked for. */
export interface ListReturn {
  readonly subscribed: boolean;
  readonly children: boolean;
  readonly specialUse: boolean;
  readonly status: readonly StatusItem[] | null;
}

/** Knowledge of a client about a mailbox that it selects again (RFC 7162 §3.2.5). */
export interface QresyncParameter {
  readonly uidValidity: number;
  /** At most 2^53-1. */
  readonly modSeq: number;
  readonly knownUids: SequenceSet | null;
  /** Message numbers and the UIDs they had. */
  readonly sequenceMatch: { readonly numbers: SequenceSet; readonly uids: SequenceSet } | null;
}

/** SELECT and EXAMINE. */
export interface SelectCommand {
  readonly kind: 'select' | 'examine';
  readonly mailbox: string;
  readonly condstore: boolean;
  readonly qresync: QresyncParameter | null;
}

/** Extended and plain LIST. `isExtended` is true for the syntax of RFC 5258 §3, which changes the attributes that are returned. */
export interface ListCommand {
  readonly kind: 'list';
  readonly isExtended: boolean;
  readonly select: readonly ListSelect[];
  readonly reference: string;
  readonly patterns: readonly string[];
  readonly returns: ListReturn;
}

/** FETCH and UID FETCH. `changedSince` (RFC 7162 §3.1.4.1) is at most 2^53-1; `vanished` is RFC 7162 §3.2.6. */
export interface FetchCommand {
  readonly kind: 'fetch';
  readonly uid: boolean;
  readonly set: SequenceSet;
  readonly items: readonly FetchItem[];
  readonly changedSince: number | null;
  readonly vanished: boolean;
}

/** STORE and UID STORE. */
export interface StoreCommand {
  readonly kind: 'store';
  readonly uid: boolean;
  readonly set: SequenceSet;
  readonly mode: 'replace' | 'add' | 'remove';
  readonly silent: boolean;
  readonly flags: FlagList;
  /** RFC 7162 §3.1.3; at most 2^53-1. */
  readonly unchangedSince: number | null;
}

/**
 * SEARCH and UID SEARCH. `returns` is null without RETURN; `RETURN ()` is `['all']` (RFC 9051 §6.4.4).
 * Texts are decoded to Unicode. An unsupported CHARSET is given in upper case, for the answer NO [BADCHARSET] (RFC 9051 §6.4.4);
 * its keys are not parsed (`key` is `all`).
 */
export interface SearchCommand {
  readonly kind: 'search';
  readonly uid: boolean;
  readonly returns: readonly SearchReturn[] | null;
  readonly unsupportedCharset: string | null;
  readonly key: SearchKey;
}

/**
 * One complete command. Mailbox names, patterns and references are Unicode; INBOX in any case is `INBOX` (RFC 9051 §5.1).
 * APPEND is not included: it arrives as events, because its messages are streamed.
 */
export type Command =
  | { readonly kind: 'capability' | 'noop' | 'logout' | 'startTls' | 'check' | 'close' | 'unselect' | 'idle' }
  | { readonly kind: 'namespace' }
  /** ID (RFC 2971 §3.1); null for NIL. Names as written. */
  | { readonly kind: 'id'; readonly fields: readonly (readonly [name: string, value: string | null])[] | null }
  | { readonly kind: 'login'; readonly user: string; readonly password: string }
  /** `mechanism` upper case; the initial response decoded, null when absent (RFC 4959 §3). */
  | { readonly kind: 'authenticate'; readonly mechanism: string; readonly initialResponse: Uint8Array | null }
  /** Capability names, upper case (RFC 5161 §3.1). */
  | { readonly kind: 'enable'; readonly capabilities: readonly string[] }
  | SelectCommand
  /** `specialUse`: lower-case attributes such as `\sent` (RFC 6154 §3). */
  | { readonly kind: 'create'; readonly mailbox: string; readonly specialUse: readonly string[] }
  | { readonly kind: 'delete' | 'subscribe' | 'unsubscribe'; readonly mailbox: string }
  | { readonly kind: 'rename'; readonly from: string; readonly to: string }
  | ListCommand
  | { readonly kind: 'lsub'; readonly reference: string; readonly pattern: string }
  | { readonly kind: 'status'; readonly mailbox: string; readonly items: readonly StatusItem[] }
  /** UIDs of UID EXPUNGE (RFC 4315 §2.1), null for EXPUNGE. */
  | { readonly kind: 'expunge'; readonly uids: SequenceSet | null }
  | SearchCommand
  | FetchCommand
  | StoreCommand
  | { readonly kind: 'copy' | 'move'; readonly uid: boolean; readonly set: SequenceSet; readonly mailbox: string };
