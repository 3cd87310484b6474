/**
 * Looks for text in one message: header fields with encoded words decoded, bodies with their transfer encoding and charset decoded
 * (RFC 9051 §6.4.4). One message at a time, without an index; indexes are a port of their own.
 */
export { searchLimits, type SearchLimits } from './limits.ts';
export { TextMatcher, type SearchedMessage, type TextKey } from './text-matcher.ts';
