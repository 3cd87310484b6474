/**
 * Message flags and keywords as both the store and the protocols see them: system flags as bits, keywords as lower-case atoms,
 * and equal combinations interned, so that a mailbox of 100,000 messages holds one small number per message.
 */
export { SystemFlag, flagBit, flagNames } from './system-flag.ts';
export { FlagSetTable, type FlagSet } from './flag-set.ts';
