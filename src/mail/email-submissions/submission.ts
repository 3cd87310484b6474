import type { AccountId, ModSeq, QueueId } from '#lib/ids';

/** A submission to record, with the message that is queued for it. */
export interface NewSubmission {
  readonly account: AccountId;
  readonly identity: string;
  /** Row ids in the account. */
  readonly email: number;
  readonly thread: number;
  /** JSON, for the client that asks for it again. */
  readonly envelope: string;
  /** When it is released for delivery, in milliseconds since 1970. */
  readonly sendAtMs: number;
}

/** Answer to the question whether a submission can be taken back (RFC 8621 §7). */
export type UndoStatus = 'pending' | 'final' | 'canceled';

/** A recorded submission. */
export interface Submission extends Omit<NewSubmission, 'account'> {
  readonly id: number;
  readonly message: QueueId;
  readonly undo: UndoStatus;
  readonly createModSeq: ModSeq;
  readonly modSeq: ModSeq;
}

/** A notice that came about a submission. */
export interface SubmissionNotice {
  /** Number of the recipient within the message; null for all of it. */
  readonly number: number | null;
  /** Action of the report (RFC 3464 §2.3.3); null for a notice of our own, which says what the queue knows. */
  readonly action: string | null;
  readonly reply: string | null;
  /** Message-ID of the notice with its angle brackets; null when it has none. */
  readonly messageId: string | null;
}
