/**
 * How mail leaves the queue: over our SMTP client to the hosts that DNS names, or to our own port; and how its notices reach senders.
 * The Transmitter of #mail/queue, implemented. Nothing here decides when to try again.
 */
export { DsnDelivery, type DsnDeliveryDeps } from './dsn-delivery.ts';
export { SmtpTransmitter, type SmtpTransmitterDeps } from './smtp-transmitter.ts';
