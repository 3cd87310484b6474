/** Rows of the table `queue_recipient` as statements (recipient-rows.ts) take and return them. */
import type { AccountId, QueueId, RecipientId } from '#lib/ids';
import type { BlobId } from '#ports/blobs';
import type { NoticeKind } from './advance.ts';
import type { Lane } from './lane.ts';
import type { RecipientState } from './types.ts';

/** A recipient that is ours to deliver until the lease ends. */
export interface LeasedRecipient {
  readonly id: RecipientId;
  readonly message: QueueId;
  /** Number within the message, from 1. */
  readonly number: number;
  readonly address: string;
  readonly domain: string;
  /** Transport that an operator set, null when routes decide. */
  readonly transport: string | null;
  /** Demand on TLS that an operator set, null for the sender's. */
  readonly tls: 'required' | 'optional' | null;
  readonly attempts: number;
  /** NOTIFY bits. */
  readonly notify: number;
  readonly orcpt: string | null;
  /** 1 when the sender got a delay notice. */
  readonly delayTold: number;
  /** When an operator last ended a hold, null for never. */
  readonly releasedMs: number | null;
}

/** A new row. */
export interface NewRecipientRow {
  readonly message: QueueId;
  readonly number: number;
  readonly address: string;
  readonly domain: string;
  readonly lane: Lane;
  /** Null when the recipient waits. */
  readonly lease: { readonly lease: string; readonly untilMs: number } | null;
  readonly isHeld: boolean;
  readonly nextAttemptMs: number;
  readonly notify: number;
  readonly orcpt: string | null;
}

/** The facts about a recipient that decide its lane, with the lane that it is in. */
export interface LaneRow {
  readonly id: RecipientId;
  readonly domain: string;
  readonly attempts: number;
  /** Transport that an operator set, null when routes decide. */
  readonly transport: string | null;
  readonly laneTransport: string;
  readonly laneDestination: string;
  readonly nextAttemptMs: number;
  readonly account: AccountId | null;
  readonly sender: string;
}

/** Columns that an attempt, or a pause, changes. */
export interface OutcomeColumns {
  readonly state: Extract<RecipientState, 'queued' | 'delivered' | 'failed'>;
  /** The attempt counts. */
  readonly isCounted: boolean;
  readonly nextAttemptMs: number;
  /** Null keeps the time of the attempt before. */
  readonly attemptMs: number | null;
  readonly status: string;
  readonly reply: string;
  readonly replyIsSmtp: boolean;
  readonly host: string | null;
  readonly delayTold: boolean;
  /** Null while it waits. */
  readonly finishedMs: number | null;
  /** Null keeps the lane. */
  readonly lane: Lane | null;
  /** It is in a mailbox now, not only with another server. */
  readonly isFinal: boolean;
  /** Null clears the notice that is owed, 'keep' keeps it. */
  readonly notice: { readonly id: string; readonly kind: NoticeKind; readonly dueMs: number } | 'keep' | null;
}

/** A recipient that a notice is about, with its message. */
export interface NoticeRow {
  readonly message: QueueId;
  readonly account: AccountId | null;
  readonly sender: string;
  readonly messageId: string | null;
  readonly envid: string | null;
  readonly ret: 'full' | 'hdrs' | null;
  readonly tls: 'default' | 'required' | 'optional';
  readonly smtputf8: number;
  readonly prefix: Uint8Array;
  readonly bodySizeBytes: number;
  /** Null for messages that were queued before there were checksums. */
  readonly crc32: number | null;
  readonly blobId: BlobId | null;
  readonly receivedMs: number;
  readonly startMs: number;
  readonly address: string;
  readonly orcpt: string | null;
  readonly kind: NoticeKind;
  readonly lastStatus: string | null;
  readonly lastReply: string | null;
  readonly lastReplyIsSmtp: number;
  readonly lastHost: string | null;
  readonly lastAttemptMs: number | null;
  readonly releasedMs: number | null;
}

/** A recipient that operators change. */
export interface WaitingRecipient {
  readonly id: RecipientId;
  readonly message: QueueId;
  readonly address: string;
  readonly notify: number;
  readonly domain: string;
  readonly attempts: number;
  readonly transport: string | null;
  readonly lastHost: string | null;
  readonly sender: string;
  readonly account: AccountId | null;
  readonly messageId: string | null;
  readonly fromId: string | null;
  readonly envid: string | null;
}

/** A recipient as shown in a story of its message. */
export interface StoryRecipient {
  readonly id: RecipientId;
  readonly number: number;
  readonly address: string;
  readonly state: RecipientState;
  readonly hold: number;
  readonly attempts: number;
  readonly nextAttemptMs: number;
  readonly lastReply: string | null;
  readonly lastStatus: string | null;
  readonly lastReplyIsSmtp: number;
  readonly finishedMs: number | null;
  readonly noticeKind: string | null;
  readonly notify: number;
  readonly orcpt: string | null;
  readonly releasedMs: number | null;
}

/** State of a recipient, and the last word about it. */
export interface RecipientStatus {
  readonly number: number;
  readonly address: string;
  readonly state: RecipientState;
  /** Delivered into a mailbox, not only to another server. */
  readonly isFinal: boolean;
  readonly lastStatus: string | null;
  /** Reply or reason; null before the first attempt. */
  readonly lastReply: string | null;
  readonly lastReplyIsSmtp: boolean;
}

/** A status as its row has it. */
export type RecipientStatusRow = Omit<RecipientStatus, 'isFinal' | 'lastReplyIsSmtp'> & {
  readonly isFinal: number | null;
  readonly lastReplyIsSmtp: number;
};

/** Reads a status from its row. */
export function statusOf(row: RecipientStatusRow): RecipientStatus {
  return { ...row, isFinal: row.isFinal === 1, lastReplyIsSmtp: row.lastReplyIsSmtp !== 0 };
}

/** A recipient that was tried, or is being tried. */
export interface TriedRecipient {
  readonly id: RecipientId;
  readonly message: QueueId;
  /** Number within the message, from 1. */
  readonly number: number;
  /** Attempts that ended. */
  readonly attempts: number;
  readonly address: string;
  /** ORCPT that we gave, `type;address` in xtext, null for none. */
  readonly orcpt: string | null;
}
