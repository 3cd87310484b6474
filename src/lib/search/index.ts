/**
 * Searches in no protocol's terms: filters, the conditions on text and on places that IMAP and JMAP share, and ascending lists of numbers, in which results
 * are kept. Protocols make filters of what clients send; #mail/search evaluates them.
 */
export { intersection, NumberList, union, without } from './ascending.ts';
export type { PlaceCondition, TextCondition } from './condition.ts';
export { allOf, anyOf, conditionsOf, isMatch, noneOf, where, type Filter } from './filter.ts';
