import type { Address } from '#lib/address';
import type { MailParameters } from '#lib/smtp';
import type { Transaction, TransactionRecipient } from './backend.ts';

/** The transaction as the session changes it. */
export class OpenTransaction implements Transaction {
  readonly from: Address | null;
  readonly parameters: MailParameters;
  readonly recipients: TransactionRecipient[] = [];
  chunked = false;
  hadBareLf = false;
  /** RCPT was tried: an empty list is then because all were refused, not the peer's mistake (RFC 2920 §3.1). */
  hadRcpt = false;

  constructor(from: Address | null, parameters: MailParameters) {
    this.from = from;
    this.parameters = parameters;
  }
}
