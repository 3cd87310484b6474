import type { Brand } from './brand.ts';

/** Unique identifier of a message in a mailbox: 1 to 2^32-1, strictly ascending (RFC 9051 §2.3.1.1). */
export type Uid = Brand<number, 'Uid'>;
/** Validity value of a mailbox's UIDs: 1 to 2^32-1 (RFC 9051 §2.3.1.1). */
export type UidValidity = Brand<number, 'UidValidity'>;
/** Modification sequence, account-wide: 1 to 2^53-1, so that it stays an exact number (RFC 7162 §3.1 allows 2^63-1). */
export type ModSeq = Brand<number, 'ModSeq'>;
/** Row id of an account in the server database. */
export type AccountId = Brand<number, 'AccountId'>;
/** Row id of a mailbox within its account. */
export type MailboxId = Brand<number, 'MailboxId'>;
/** Row id of a message within its account; not the Message-ID header field and not the UID. */
export type MessageRowId = Brand<number, 'MessageRowId'>;
/** Row id of stored message bytes within their account or queue. */
export type ContentId = Brand<number, 'ContentId'>;

/** Row id of a message in the queue; never used again, and what "queued as 76" names. */
export type QueueId = Brand<number, 'QueueId'>;
/** Row id of a recipient in the queue; never used again. People know it as message and number: `76.1`. */
export type RecipientId = Brand<number, 'RecipientId'>;

/** Checks a UID. @throws RangeError when outside 1..2^32-1. */
export function uid(n: number): Uid {
  return within(n, 0xffff_ffff, 'UID') as Uid;
}

/** Checks a UIDVALIDITY value. @throws RangeError when outside 1..2^32-1. */
export function uidValidity(n: number): UidValidity {
  return within(n, 0xffff_ffff, 'UIDVALIDITY') as UidValidity;
}

/** Checks a MODSEQ. @throws RangeError when outside 1..2^53-1. */
export function modSeq(n: number): ModSeq {
  return within(n, Number.MAX_SAFE_INTEGER, 'MODSEQ') as ModSeq;
}

/** Checks an account's row id. @throws RangeError when outside 1..2^53-1. */
export function accountId(n: number): AccountId {
  return within(n, Number.MAX_SAFE_INTEGER, 'account id') as AccountId;
}

/** Checks a mailbox's row id. @throws RangeError when outside 1..2^53-1. */
export function mailboxId(n: number): MailboxId {
  return within(n, Number.MAX_SAFE_INTEGER, 'mailbox id') as MailboxId;
}

/** Checks a content's row id. @throws RangeError when outside 1..2^53-1. */
export function contentId(n: number): ContentId {
  return within(n, Number.MAX_SAFE_INTEGER, 'content id') as ContentId;
}

/** Checks the row id of a queued message. @throws RangeError when outside 1..2^53-1. */
export function queueId(n: number): QueueId {
  return within(n, Number.MAX_SAFE_INTEGER, 'queue id') as QueueId;
}

/** Checks the row id of a queued recipient. @throws RangeError when outside 1..2^53-1. */
export function recipientId(n: number): RecipientId {
  return within(n, Number.MAX_SAFE_INTEGER, 'recipient id') as RecipientId;
}

function within(n: number, max: number, what: string): number {
  if (!Number.isSafeInteger(n) || n < 1 || n > max) throw new RangeError(`bad ${what} ${n}`);
  return n;
}
