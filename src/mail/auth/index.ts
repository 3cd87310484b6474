/**
 * Proofs of identity: passwords and TLS client certificates of accounts. `Credentials` keeps them, `CredentialChecker` answers
 * the SASL mechanisms. Passwords are stored as an argon2id (or scrypt) hash, as SCRAM keys, and as the HMAC states of CRAM-MD5 where that
 * is wanted. Which login names exist, and whose they are, is configuration: a `LoginDirectory` is passed in.
 * Invariants: unknown names and wrong passwords cost and answer alike; a changed password holds at once, also for what is cached.
 */
export { Credentials, type ClientKey } from './credentials.ts';
export { CredentialChecker, type LoginDirectory } from './credential-checker.ts';
export { PasswordRefusal } from './derive.ts';
export { keyFingerprint } from './key-fingerprint.ts';
