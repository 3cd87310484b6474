/**
 * The one place where errors of the system and of SQLite become conditions (`#ports/conditions`).
 * Invariant: an error that is no condition passes unchanged, the very same object.
 */
export { conditionOf } from './condition-of.ts';
export { probeDescriptors, probeDirectory } from './probe.ts';
