/**
 * Branded numbers and strings that must not be mixed: UIDs, MODSEQs, row ids.
 * A brand is given by one checking constructor only; nothing else lives here.
 */
export type { Brand } from './brand.ts';
export { accountId, mailboxId, modSeq, queueId, recipientId, uid, uidValidity } from './ids.ts';
export type {
  AccountId,
  ContentId,
  MailboxId,
  MessageRowId,
  ModSeq,
  QueueId,
  RecipientId,
  Uid,
  UidValidity,
} from './ids.ts';
