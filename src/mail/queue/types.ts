import type { Address } from '#lib/address';
import type { AccountId, QueueId, RecipientId } from '#lib/ids';
import type { BlobId } from '#ports/blobs';
import type { SessionRecord } from './session-record.ts';
import type { Tx } from '#ports/database';

/** Bits of the NOTIFY parameter (RFC 3461 §4.1). 0 means that the parameter was absent. */
export const Notify = { Never: 1, Success: 2, Failure: 4, Delay: 8 } as const;

/** Bytes of a message to be queued. A blob must be durable and owned by `queue`. */
export type QueueBody =
  | { readonly kind: 'inline'; readonly bytes: Uint8Array }
  | { readonly kind: 'blob'; readonly id: BlobId; readonly sizeBytes: number; readonly crc32: number };

/** Failure of a recipient that is never tried. */
export interface NewFailure {
  /** Enhanced status code for the DSN; starts with `5.`. */
  readonly status: string;
  /** Reply or reason, for the DSN and for operators. */
  readonly reason: string;
}

/** A recipient to queue. */
export interface NewRecipient {
  /** Given when nothing is to be tried: the recipient has failed as it is accepted, and the sender gets a DSN. */
  readonly failure?: NewFailure;
  readonly address: Address;
  /** NOTIFY bits; 0 when absent. */
  readonly notify?: number;
  /** ORCPT as given, null or absent when there was none. */
  readonly orcpt?: string | null;
}

/** A message to queue. */
export interface NewMessage {
  /** Account that submitted it; null for mail of the server itself. */
  readonly account: AccountId | null;
  /** Null for the null reverse-path. */
  readonly sender: Address | null;
  readonly recipients: readonly NewRecipient[];
  /** Header bytes that we put before the message; may be empty. */
  readonly prefix: Uint8Array;
  readonly body: QueueBody;
  readonly has8bit: boolean;
  readonly smtputf8: boolean;
  readonly tls?: 'default' | 'required' | 'optional';
  readonly envid?: string | null;
  readonly ret?: 'full' | 'hdrs' | null;
  /** Message-ID with its angle brackets, null when there is none. */
  readonly messageId: string | null;
  /** Id in `sender` by which notices about the message are recognised (#mail/feedback), null or absent for none. Unique. */
  readonly fromId?: string | null;
  /** FUTURERELEASE: not tried before (RFC 4865 §4), null for at once. Milliseconds since 1970. */
  readonly holdUntilMs?: number | null;
  /** Acceptance of the message, as JSON; absent when there is nothing to record. */
  readonly origin?: string;
}

/** State of a recipient; the transitions are the table in README.md. */
export type RecipientState = 'queued' | 'leased' | 'delivered' | 'failed' | 'dropped';

/** One recipient of the queue as administrators see it. */
export interface QueueItem {
  readonly id: RecipientId;
  /** Shared by the recipients of one submission. */
  readonly message: QueueId;
  /** Number within the message, from 1: people know the recipient as `message.number`. */
  readonly number: number;
  readonly account: AccountId | null;
  readonly sender: string;
  readonly recipient: string;
  readonly state: RecipientState;
  readonly hold: boolean;
  /** Transport that an operator set, null when routes decide. */
  readonly transport: string | null;
  /** TLS demanded by an operator, null to keep the sender's. */
  readonly tls: 'required' | 'optional' | null;
  readonly attempts: number;
  readonly receivedMs: number;
  readonly nextAttemptMs: number;
  readonly lastAttemptMs: number | null;
  /** Last word of a remote host, or why none was reached; null before the first attempt. */
  readonly lastReply: string | null;
  readonly messageId: string | null;
  /** Prefix and body together. */
  readonly sizeBytes: number;
  /** When the state became final, null before. */
  readonly finishedMs: number | null;
}

/** Which recipients an operation is about; every given condition must hold. An empty filter means all. */
export interface QueueFilter {
  readonly ids?: readonly RecipientId[];
  readonly message?: QueueId;
  readonly account?: AccountId;
  readonly sender?: string;
  /** Full address, compared without regard to ASCII case. */
  readonly recipient?: string;
  /** Domain of the recipient, compared without regard to ASCII case. */
  readonly domain?: string;
  readonly states?: readonly RecipientState[];
  readonly hold?: boolean;
  /** Accepted before this time, milliseconds since 1970. */
  readonly receivedBeforeMs?: number;
}

/** One attempt at one recipient. */
export interface AttemptRecord {
  readonly startMs: number;
  readonly durationMs: number;
  readonly host: string | null;
  readonly ip: string | null;
  readonly outcome: 'delivered' | 'deferred' | 'refused';
  /** Code and text of the reply, or the reason. */
  readonly reply: string;
  /** Name of the transport that was used, null for none. */
  readonly transport: string | null;
  /** Destination and reasons, in lines; null when they were not recorded. */
  readonly route: string | null;
  /** Null when there was no connection, or when it was not recorded. */
  readonly session: SessionRecord | null;
}

/** Gives a delivery status notification to the sender; implemented by the glue to mailboxes. */
export interface DsnSink {
  /**
   * Stores `bytes` (a whole message) for the sender. Durable when it resolves, harmless when repeated with the same `id`.
   * @param dsn.account  the submitting account, null when the message was not submitted here.
   * @param dsn.whenTold  does `step` in the very transaction that records the notice as given, so that it is neither forgotten nor repeated.
   */
  deliverDsn(dsn: {
    readonly id: string;
    readonly account: AccountId | null;
    readonly to: Address;
    readonly bytes: Uint8Array;
    /** The message that it is about was to travel by REQUIRETLS. */
    readonly requireTls?: boolean;
    readonly whenTold: (step: (tx: Tx) => Promise<void>) => void;
  }): Promise<void>;
}
