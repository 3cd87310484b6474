/**
 * Disposition notifications ("read receipts"): RFC 8098, written and read. Reading is tolerant, and trusts nothing. When one is sent is no matter of
 * this module.
 */
export { mdnLimits } from './limits.ts';
export { parseMdn } from './parse.ts';
export type { ParsedMdn } from './types.ts';
export { writeMdn } from './write.ts';
