/** Orders of text that clients may ask for by name (RFC 4790). */
export { collationKey, collations, compareKeys, type Collation } from './collation.ts';
