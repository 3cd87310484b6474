/**
 * Which of our domains signs a message that leaves, and with which keys, by the configuration and the keys that were loaded.
 * Reading keys is #server/dkim's business, signing itself #lib/dkim's.
 * Invariants: a plan never changes; a domain that is to sign and cannot says so, and is never taken for one that does not sign.
 */
export { SigningPlan } from './signing-plan.ts';
export type { Signing, SigningChoice } from './signing-plan.ts';
export { selectorsOf } from './selectors.ts';
