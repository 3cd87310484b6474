/**
 * Addresses that an account does not send to any more: what is submitted to them fails at once, with a notice that says so. Fed by operators, by
 * hosts that refuse an address for good (#mail/queue), and by notices from elsewhere that report it.
 * Use of the list, and the meaning of a failure, are not here.
 *
 * Invariants: one row per account and address in its normal form; what an operator said is never replaced by what a machine says, which counts for
 * 30 days.
 */
export { normalAddress } from './normal-address.ts';
export { Suppressions } from './suppressions.ts';
export type { Suppression } from './suppressions.ts';
