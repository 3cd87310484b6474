/**
 * Comparison of text without regard to ASCII case, alike in statements and in TypeScript. SQL's `lower` is not used for it: SQLite folds ASCII
 * letters only, PostgreSQL those of all languages.
 */
export { asciiFolded, foldAscii } from './folded-text.ts';
