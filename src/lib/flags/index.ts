/**
 * Message flags and keywords as both the store and the protocols see them: system flags as bits, keywords as atoms
 * that keep their spelling and are compared without case, and equal combinations interned, so that a mailbox of 100,000 messages holds one small number per message.
 */
export { SystemFlag, flagBit, flagNames } from './system-flag.ts';
export { keywordKey, keywordsByKey, sortedKeywords } from './keyword.ts';
export { FlagSetTable, type FlagSet } from './flag-set.ts';
