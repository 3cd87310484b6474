/**
 * How delivery status notifications (DSNs, RFC 3461 and RFC 3464) reach senders: the `DsnSink` of #mail/queue, implemented. A DSN about submitted mail goes
 * into a mailbox here, one about mail of strangers leaves by the queue, with the null reverse-path and signed. Which DSNs are owed is decided in #mail/queue,
 * their wording in #lib/dsn; those that come back about mail that we sent are found by #server/smtp-in.
 */
export { DsnDelivery } from './dsn-delivery.ts';
export { DsnMailer } from './dsn-mailer.ts';
