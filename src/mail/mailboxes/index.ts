/**
 * Mailboxes of an account: their names, hierarchy, special uses, subscriptions and counters (RFC 9051 §6.3).
 * Names are Unicode in NFC with `/` between levels; the inbox is exactly `INBOX`. Parents always exist. UIDVALIDITY values are
 * never reused in an account (RFC 9051 §2.3.1.1). #mail/messages keeps the counters in the transactions that change messages.
 */
export { normalizeMailboxName, parentsOf } from './mailbox-name.ts';
export type { MailboxEditor } from './mailbox-editor.ts';
export { MailboxRefusal } from './mailbox-refusal.ts';
export type { Mailbox } from './mailbox.ts';
export { initialMailboxes, specialUses, type SpecialUse } from './special-use.ts';
export {
  addSubscription,
  dropStage,
  mailboxByName,
  mailboxById,
  leavingMailboxes,
  liveMailboxes,
  insertMailbox,
  insertStage,
  moveCounters,
  type CounterChange,
} from './mailbox-rows.ts';
export { Mailboxes, type MailboxContents } from './mailboxes.ts';
