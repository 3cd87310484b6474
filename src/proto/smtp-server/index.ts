/**
 * The server's side of SMTP (RFC 5321) and submission (RFC 6409) over a Channel: order of commands, replies, limits.
 * The Backend decides what is accepted; sockets, TLS certificates, storage and policy are elsewhere.
 * Invariants: no 250 to content before the handler says so; every handler is finished or aborted; a Refusal is caught in one place.
 */
export type {
  AuthBackend,
  AuthOutcome,
  Backend,
  Hello,
  RcptAnswer,
  DataHandler,
  Recipient,
  RefusedMail,
  RequestedRecipient,
  Sender,
  ServerKind,
  SessionFacts,
  Transaction,
} from './backend.ts';
export { defaultSessionLimits, type SessionLimits } from './limits.ts';
export { messageExtensions } from './message-extensions.ts';
export { checkMailParameters, checkRcptParameters } from './parameter-rules.ts';
export { Refusal } from './refusal.ts';
export type { SessionOptions } from './options.ts';
export { SmtpSession } from './session.ts';
