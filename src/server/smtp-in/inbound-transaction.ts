import type { AcceptedRecipient, SenderFacts } from '#mail/inbound';
import type { Transaction } from '#proto/smtp-server';

/** A transaction with the facts that this port finds out. */
export type InboundTransaction = Transaction<SenderFacts, AcceptedRecipient>;
