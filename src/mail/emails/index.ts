/**
 * Emails of an account across its mailboxes: each stored message once, with all of its places, by thread and by date. IMAP sees places, one
 * mailbox at a time (#mail/changes: images); JMAP sees emails. Kept in memory while it is in use, and brought up to date from the log.
 * A place with \Deleted is not visible here (RFC 8621 §4.1.1), and neither is an email that has no other.
 */
export type { Email } from './email.ts';
export { keywordsOf, systemKeywords } from './email.ts';
export { Emails } from './emails.ts';
export type { EmailView } from './email-view.ts';
export { changesFor, flagsOf, type EmailEdit } from './email-edit.ts';
export { EmailsChanged, refuseChanged } from './unchanged.ts';
