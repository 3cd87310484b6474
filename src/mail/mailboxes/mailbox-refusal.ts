/** Reason why a mailbox command is refused, named as IMAP's response codes (RFC 9051 §7.1, RFC 6154 §3). */
export type MailboxRefusalCode = 'ALREADYEXISTS' | 'CANNOT' | 'HASCHILDREN' | 'LIMIT' | 'NONEXISTENT' | 'USEATTR';

/** Refusal of a request that changed nothing. `message` is for people, in US-ASCII. */
export class MailboxRefusal extends Error {
  override readonly name = 'MailboxRefusal';
  readonly code: MailboxRefusalCode;

  constructor(code: MailboxRefusalCode, message: string) {
    super(message);
    this.code = code;
  }
}
