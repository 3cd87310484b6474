/**
 * The consistency check: whether what is stored obeys the invariants, told in plain words. `godwit check` runs it, and every test that
 * closes a store; it may run beside a server at work. It reads everything, so it is for rest and for repair, not for the acknowledgement path.
 */
export { checkAccount, checkStore } from './check-store.ts';
export { fixAccount } from './fix.ts';
export { repairFlags } from './repair-flags.ts';
export { storeProblemKinds, type StoreProblem } from './store-problem.ts';
