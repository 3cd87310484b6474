/** What is wrong: with counters, UIDs, MODSEQs, references, threads, mailboxes, stored bytes, blobs without a row, or the queue. */
export type FindingKind =
  | 'blob'
  | 'counter'
  | 'mailbox'
  | 'modseq'
  | 'orphan'
  | 'queue'
  | 'reference'
  | 'size'
  | 'thread'
  | 'tombstone'
  | 'uid';

/** One thing that is not as it should be. */
export interface Finding {
  /** Name of the account, or its id when it has none; null for the queue of outgoing mail. */
  readonly account: string | null;
  readonly kind: FindingKind;
  /** A sentence for people. */
  readonly text: string;
  /** Mail is lost or cannot be read; otherwise it is only untidy. */
  readonly isLoss: boolean;
}

/** Where the parts of the check put what they find. */
export type Report = (kind: FindingKind, text: string, isLoss?: boolean) => void;
