/**
 * Delivery status notifications: RFC 3461 to 3464, 6522 and 6533, written and read.
 * The words for people are in human-text.ts. Writing is exact; reading is tolerant, and trusts nothing: mail/feedback decides which notifications are credible, mail/queue when one is due.
 */
export { defaultLimits } from './limits.ts';
export { parseDsn } from './parse.ts';
export { writeDsn } from './write.ts';
export type { DsnRecipient, ParsedDsn, ParsedDsnRecipient } from './types.ts';
