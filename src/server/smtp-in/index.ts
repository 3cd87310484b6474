/**
 * Mail from other servers: what the SMTP session on port 25 asks (#proto/smtp-server) answered from configuration, accounts and DNS.
 * What becomes of a message is decided in #mail/inbound.
 * Invariant: a 250 after DATA means that every accepted recipient has the message durably, or it waits in the queue for it.
 */
export { receiverSink } from './content-sinks.ts';
export { standardParts, type InboundPartsMaker } from './inbound-parts.ts';
export { noteRefusal } from './note-refusal.ts';
export { SenderCheck, type SenderChecks } from './sender-check.ts';
export { SmtpIn } from './smtp-in.ts';
export { receivingPlan, type ReceivingPlan } from './receiving-plan.ts';
export { receivedField } from './trace-fields.ts';
