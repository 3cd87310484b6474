import type { MailboxId, ModSeq, UidValidity } from '#lib/ids';
import type { SpecialUse } from './special-use.ts';

/** A mailbox with its counters, which equal a recount (invariant 7). */
export interface Mailbox {
  readonly id: MailboxId;
  readonly name: string;
  readonly specialUse: readonly SpecialUse[];
  readonly uidValidity: UidValidity;
  /** UID of the next message. */
  readonly uidNext: number;
  readonly createModSeq: ModSeq;
  /** Last change of name, special use or existence. */
  readonly modSeq: ModSeq;
  /** Last change of any message in it, removals included. */
  readonly highestModSeq: ModSeq;
  /** All messages. */
  readonly messages: number;
  /** Messages without \Seen. */
  readonly unseen: number;
  /** Messages with \Deleted. */
  readonly deleted: number;
  /** Sum of the sizes of all messages. */
  readonly sizeBytes: number;
  /** Sum of the sizes of messages with \Deleted. */
  readonly deletedSizeBytes: number;
}

/** A name to list: a mailbox, or a name that is only subscribed to. */
export interface MailboxListing {
  readonly name: string;
  readonly mailbox: Mailbox | null;
  readonly subscribed: boolean;
}
