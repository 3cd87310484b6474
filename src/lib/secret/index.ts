/**
 * Passwords, tokens and keys in a wrapper that keeps them out of logs, JSON, templates and error messages (invariant 9).
 * It neither hashes nor stores secrets.
 */
export { Secret } from './secret.ts';
