/**
 * The client's side of SMTP (RFC 5321) over a Channel: opens a session, sends messages, reports the outcome of each recipient.
 * The caller decides on the server, on retries and on mail without TLS; nothing here dials or resolves.
 * Invariants: `accepted` only after the server's 2xx to the content; a bare CR or LF never leaves; a password goes in plaintext only when the caller allows it.
 */
export { SmtpClient } from './client.ts';
export type {
  ClientCredentials,
  ClientStage,
  ClientTlsMode,
  MailRecipient,
  OpenOutcome,
  OutgoingMail,
  RecipientOutcome,
  RecipientResult,
} from './types.ts';
