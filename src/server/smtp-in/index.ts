/**
 * Mail from other servers: what the SMTP session on port 25 asks (#proto/smtp-server) answered from configuration, accounts and DNS.
 * Invariant: a 250 after DATA means that every accepted recipient has the message durably, or it waits in the queue for it.
 */
export { SenderCheck } from './sender-check.ts';
export { failOnPurpose } from './planned.ts';
export { noteRefusal } from './note-refusal.ts';
export { SmtpIn, type SmtpInDeps } from './smtp-in.ts';
export { receivingPlan, type ReceivingPlan } from './receiving-plan.ts';
export { receivedField } from './received-field.ts';
