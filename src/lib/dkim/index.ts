/**
 * DKIM: signing and verifying messages with keys in DNS (RFC 6376), with its remaining algorithm (RFC 8301 §3.1) and Ed25519 (RFC 8463 §3).
 * Not here: consequences of a verdict, Authentication-Results, DNS itself, storage of private keys.
 *
 * Invariants: a message is read once, in chunks of any size, and only its header is kept; no SHA-1; `l=` is honoured and never written;
 * failures of messages and DNS are verdicts, never exceptions. The verdict on one signature is independent of the others.
 */
export type { Canonicalizations } from './canonicalization.ts';
export { recommendedSeals } from './header-choice.ts';
export type { LookupKey } from './key-choice.ts';
export { keyRecordName, parseKeyRecord, txtStrings, writeKeyRecord } from './key-record.ts';
export { defaultRsaBits } from './limits.ts';
export { MessageSigner } from './message-signer.ts';
export type { SigningKey } from './message-signer.ts';
export { MessageVerifier } from './message-verifier.ts';
export { generatePrivateKey, parsePrivateKey, signWith } from './private-key.ts';
export type { PrivateKey } from './private-key.ts';
export { parseSignature } from './signature.ts';
export type { SigningAlgorithm } from './signature.ts';
export type { Verification } from './verification.ts';
