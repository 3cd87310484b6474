/**
 * DNS messages (RFC 1035, 3596, 2782, 6698, 6891, 8659): queries are written, responses decoded and classified for mail.
 * Sockets, retries and the cache are in #host/dns. Invariants: decoding never throws, loops or grows beyond its limits.
 */
export type { Records, RecordType, ResponseAnswer } from './answer.ts';
export { classify } from './classify.ts';
export { lookupFailureText, type LookupFailure } from './failure.ts';
export { decodeMessage, encodeQuery } from './message.ts';
export type { Query } from './message.ts';
export { encodeName } from './name.ts';
export type { DnsMessage } from './types.ts';
