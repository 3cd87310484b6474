/**
 * Delivery status notifications: RFC 3461 to 3464, 6522 and 6533, written and read.
 * Writing is exact; reading is tolerant of what other servers send, and believes nothing: who may be believed is decided by mail/feedback. When a notification is due is not decided here (see mail/queue).
 */
export { defaultLimits } from './limits.ts';
export { parseDsn } from './parse.ts';
export { writeDsn } from './write.ts';
export type { DsnContent, DsnRecipient, ParsedDsn, ParsedDsnRecipient } from './types.ts';
