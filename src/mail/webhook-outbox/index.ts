/**
 * Events for webhooks about mail that an account sent: rows of `webhook_outbox`, written in the transaction of the events, with a JSON
 * body whose shape is README.md. Nothing here speaks HTTP or decides what is an outcome.
 * Invariants: an account has no more than some ten thousand rows, the latest; a body, once written, stays as it is.
 */
export { WebhookOutbox } from './webhook-outbox.ts';
export type { OutgoingEventKind } from './outgoing-event.ts';
