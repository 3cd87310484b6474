/**
 * Looks for text in messages: header fields with encoded words decoded, bodies with their transfer encoding and charset decoded
 * (RFC 9051 §6.4.4). `TextMatcher` looks into one message at a time; `searchColumn` into one field of many at once.
 */
export { searchColumn } from './field-search.ts';
export { needleOf } from './fold.ts';
export { searchLimits } from './limits.ts';
export { TextMatcher, type TextKey } from './text-matcher.ts';
