import type { ContentId, MailboxId, MessageRowId, ModSeq, Uid, UidValidity } from '#lib/ids';
import type { PlacedBody } from '#mail/content';

/** Description of a message's bytes and keys of its rows, ready to be stored: the same for every account that gets it. */
export interface DescribedMessage {
  /** Listed fields and part tree, as `writeDescription` writes them. */
  readonly description: Uint8Array;
  /** Bytes of the received header with its empty line. */
  readonly headerBytes: number;
  /** A NUL occurs in the message. */
  readonly hasNul: boolean;
  /** Day of the Date field as written, as ms of its midnight UTC; null when absent or unusable. */
  readonly sentDayMs: number | null;
  /** Without angle brackets. */
  readonly messageId: string | null;
  /** Message-IDs of In-Reply-To and References, oldest first, without angle brackets. */
  readonly references: readonly string[];
  /** RFC 5256 §2.1. */
  readonly baseSubject: string | null;
  readonly isReply: boolean;
  /** multipart/report (RFC 6522). */
  readonly isReport: boolean;
}

/** Facts about how a message reached us. */
export interface ReceptionFacts {
  /** Address of the SMTP client, null when it did not come by SMTP. */
  readonly remoteIp: string | null;
  /** Reverse-path, empty for the null one. */
  readonly mailFrom: string | null;
  /** Recipient of the delivery. */
  readonly rcptTo: string | null;
  /** Client that brought it and checks made, as JSON (`ReceptionRecord` of #mail/story). */
  readonly validation: string | null;
}

/** A message to store. */
export interface NewMessage {
  /** Placed in this account before the transaction. */
  readonly body: PlacedBody;
  /** Header fields that we put before the received bytes, each ending with CRLF. None of them is a listed one (#lib/message), so that the description is complete. */
  readonly prefix: Uint8Array;
  readonly described: DescribedMessage;
  /** `SystemFlag` bits. */
  readonly flags: number;
  /** Keywords in any order. Spellings that the account has already win over these. */
  readonly keywords: readonly string[];
  /** INTERNALDATE. */
  readonly receivedMs: number;
  /** Null when nothing is known of it. */
  readonly reception: ReceptionFacts | null;
  /** First text for lists; null when not made yet. */
  readonly preview: string | null;
}

/** Mailbox that messages are put into. */
export type Target = { readonly name: string } | { readonly id: MailboxId };

/** Messages that are stored now. */
export interface Appended {
  readonly mailbox: MailboxId;
  readonly uidValidity: UidValidity;
  /** In the order given. */
  readonly uids: readonly Uid[];
  readonly ids: readonly MessageRowId[];
  readonly modSeq: ModSeq;
}

/** A change of flags (RFC 9051 §6.4.6). */
export interface FlagChange {
  readonly mode: 'add' | 'remove' | 'replace';
  /** `SystemFlag` bits. */
  readonly bits: number;
  /** Keywords, compared without case. Spellings that the account has already win over these. */
  readonly keywords: readonly string[];
}

/** Change of the account's log by one transaction. */
export interface Logged {
  /** Its MODSEQ, null when nothing changed. */
  readonly modSeq: ModSeq | null;
}

/** Result of a change of flags. */
export interface Stored {
  /** MODSEQs that the changed messages got, one for each batch, ascending; empty when nothing changed. */
  readonly modSeqs: readonly ModSeq[];
  /** UIDs that changed. */
  readonly changed: readonly number[];
  /** UIDs left alone because they changed after `unchangedSince` (RFC 7162 §3.1.3). */
  readonly modified: readonly number[];
}

/** Result of a removal. */
export interface Removed {
  /** UIDs that went, ascending. */
  readonly uids: readonly number[];
}

/** Result of COPY: `from[i]` became `to[i]` (RFC 4315 §3). */
export interface Copied {
  readonly uidValidity: UidValidity;
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** A place of a message with its present flags. */
export interface Place {
  readonly id: MessageRowId;
  readonly uid: number;
  readonly email: ContentId;
  readonly createModSeq: number;
  readonly flags: number;
  /** Sorted, separated by spaces. */
  readonly keywords: string;
  readonly sizeBytes: number;
}

/** One step of a change of several messages. */
export type PlaceChange =
  | {
      readonly kind: 'store';
      readonly mailbox: MailboxId;
      readonly uids: readonly number[];
      readonly change: FlagChange;
    }
  | {
      readonly kind: 'copy' | 'move';
      readonly from: MailboxId;
      readonly uids: readonly number[];
      readonly to: MailboxId;
    }
  | { readonly kind: 'remove'; readonly mailbox: MailboxId; readonly uids: readonly number[] };

/** A new message for several mailboxes, at least one. */
export interface Addition {
  readonly message: NewMessage;
  readonly mailboxes: readonly MailboxId[];
}

/** Result of changes that are made together. */
export interface Together {
  /** MODSEQs of the account right before and after. */
  readonly before: ModSeq;
  readonly after: ModSeq;
  /** Emails of the messages that were added, in the order given. */
  readonly added: readonly ContentId[];
}
