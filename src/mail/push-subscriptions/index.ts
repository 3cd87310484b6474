/**
 * Push subscriptions: URLs to which changes of an account are pushed, with the credentials that made them and the key that signs (RFC 8620 §7.2, RFC 9749).
 * Rows only; requests, retries and verification are in src/server/jmap/push.
 */
export type { NewPushSubscription, PushKeys, PushSubscription } from './push-subscription.ts';
export { PushSubscriptions } from './push-subscriptions.ts';
