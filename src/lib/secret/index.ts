/**
 * Passwords, tokens and keys in a wrapper that keeps them out of logs, JSON, templates and error messages (invariant 9).
 * Hashing and storage of secrets are not here.
 */
export { Secret } from './secret.ts';
