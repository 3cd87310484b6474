/**
 * Conversion of messages into the form that every host accepts: header fields in ASCII (RFC 2047, RFC 2231, A-labels), bodies in 7 bits
 * (RFC 2045 §6.2), lines of at most 998 octets, no NUL and no bare CR or LF. Decoded content stays the same. Pure and streaming: memory
 * holds one header. Signed parts are never changed (RFC 1847 §2.1); the caller decides whether a message may be changed at all.
 */
export { ContentScan } from './content-scan.ts';
export { convertHeader } from './convert-header.ts';
export type { ConvertedHeader } from './convert-header.ts';
export { convertMessage } from './convert-message.ts';
export { MessageConverter } from './message-converter.ts';
export { ConversionPlanner } from './planner.ts';
