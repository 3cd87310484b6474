import type { Address } from '#lib/address';
import type { MailParameters } from '#lib/smtp';
import type { Transaction, TransactionRecipient } from './backend.ts';

/** Transaction in the form that the session modifies. */
export class OpenTransaction implements Transaction {
  readonly from: Address | null;
  readonly parameters: MailParameters;
  /** Undefined while MAIL is answered. */
  senderFacts: unknown;
  readonly recipients: TransactionRecipient[] = [];
  chunked = false;
  hadBareLf = false;
  /** True after any RCPT: an empty list then means that all were refused, which is not the peer's mistake (RFC 5321 §3.3, RFC 2920 §3.1). */
  hadRcpt = false;

  constructor(from: Address | null, parameters: MailParameters) {
    this.from = from;
    this.parameters = parameters;
  }
}
