import type { QueueId } from '#lib/ids';
import type { Sql, Tx } from '#ports/database';

/** A notice that came about a message, or that was given to its sender. */
export interface FollowedNotice {
  readonly message: QueueId;
  /** Number of the recipient within the message; null for all of it. */
  readonly number: number | null;
  /** Action of another server's report (RFC 3464 §2.3.3); null for a notice of our own. */
  readonly action: string | null;
  readonly reply: string | null;
  /** Message-ID of the notice; null when it has none. */
  readonly messageId: string | null;
}

/** Follower of what becomes of messages, within the transactions that change them. */
export interface QueueFollower {
  /** Recipients of messages got another state or another reply. */
  changedIn(tx: Tx, messages: readonly QueueId[]): Promise<void>;
  /** Recipients are about to be removed. @param recipients  Selects message, number, address, state, is_final, last_status, last_reply, last_reply_is_smtp. */
  removingIn(tx: Tx, recipients: Sql): Promise<void>;
  /** A notice is recorded. */
  noticedIn(tx: Tx, notice: FollowedNotice): Promise<void>;
}
