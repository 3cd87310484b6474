/**
 * IMAP4rev1 and IMAP4rev2 server sessions over a Channel and a Backend (RFC 3501, RFC 9051).
 * Here: states, commands, views with sequence numbers, order of responses. Not here: bytes on the wire (#lib/imap), mechanisms
 * (#lib/sasl), storage, listeners, rate limits (the Backend). Invariants: nothing is held open while writing to the peer; EXPUNGE
 * is sent only where RFC 9051 §7.5.1 allows it; a session that fails answers NO [SERVERBUG] and continues; a damaged message
 * (`Unreadable`) never prevents a command from answering for the others.
 */
export type {
  AccountBackend,
  AppendBatch,
  AppendHead,
  ImapBackend,
  FailedLogin,
  MailboxEntry,
  MailboxStatus,
  AppendSink,
  SpecialUse,
} from './backend.ts';
export type {
  CopyResult,
  FieldReader,
  FlagChange,
  MailboxImage,
  ReadableMessage,
  MessageRow,
  RowColumns,
  ReadFields,
  RowReader,
  SelectedMailbox,
} from './selected-mailbox.ts';
export { defaultLimits } from './limits.ts';
export { Bye, No, Unreadable } from './refusal.ts';
export { serveImap } from './session.ts';
