/**
 * Proofs of identity: passwords and TLS client certificates of accounts. `Credentials` stores them, `AppPasswords` the passwords of single
 * programs, `WebSessions` the tokens of pages; `CredentialChecker` serves the SASL mechanisms. An account's password is stored as an argon2id (or scrypt) hash, as SCRAM keys, and as the HMAC states of CRAM-MD5;
 * an app password, which is random and long, with a fast hash in place of the slow one.
 * The configuration decides which login names exist and which accounts they belong to: callers pass a `LoginDirectory`.
 * Invariants: unknown names and wrong passwords cost the same and get the same answer; a changed password takes effect at once, also in the cache.
 */
export type { AppPassword } from './app-password-rows.ts';
export { AppPasswords } from './app-passwords.ts';
export type { WebSession } from './web-session-rows.ts';
export { WebSessions } from './web-sessions.ts';
export { generatePassword } from './generate-password.ts';
export { Credentials, type ClientKey } from './credentials.ts';
export { CredentialChecker, type LoginDirectory } from './credential-checker.ts';
export { PasswordRefusal } from './derive.ts';
export { keyFingerprint } from './key-fingerprint.ts';
