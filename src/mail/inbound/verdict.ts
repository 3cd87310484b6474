import type { Reply } from '#lib/smtp';
import type { Check } from '#mail/story';

/** Refusal of a copy: what the client hears, and the reason for `godwit why` where the reply does not give it away. */
interface Refused {
  readonly reply: Reply;
  /** Null when the reply says it all. */
  readonly explanation: string | null;
}

/** Delivery of a copy. */
export interface Delivered {
  readonly kind: 'deliver';
  /** Name of the mailbox; it is created when the account has none of this name. */
  readonly mailbox: string;
  /** `SystemFlag` bits. */
  readonly flags: number;
  readonly keywords: readonly string[];
  /** Wait in ms before the delivery, to slow strangers down; cut to `inboundLimits.maxDelayMs`. */
  readonly delayMs: number;
  /** Header fields to put before the message, each ending with CRLF. */
  readonly fields: string;
  /** Checks that were made, for `godwit why`. */
  readonly checks: readonly Check[];
  /** Reason for what was decided, for `godwit why`; null for a plain delivery. */
  readonly explanation: string | null;
}

/** Decision about one copy. A deferred copy may come again: its reply is 4yz; that of a refused one is 5yz (RFC 5321 §4.2.1). */
export type Verdict = Delivered | ({ readonly kind: 'defer' } & Refused) | ({ readonly kind: 'refuse' } & Refused);
