/**
 * The process among others: signals, privileges, platform. The control socket is `#host/control`.
 * Invariant: privileges, once dropped, cannot be had back.
 */
export { isWindows, threadPoolEnvironment } from './platform.ts';
export { returnMemory } from './memory-return.ts';
export { dropPrivileges, isRoot } from './privileges.ts';
export { onProcessRequest } from './signals.ts';
export type { ProcessRequest } from './signals.ts';
