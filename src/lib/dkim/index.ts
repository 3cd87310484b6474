/**
 * DKIM: signing and verifying messages with keys in DNS (RFC 6376), with the algorithms that are left of it (RFC 8301) and Ed25519 (RFC 8463).
 * What follows from a verdict is not here, nor Authentication-Results, DNS itself, and where private keys are kept.
 *
 * Invariants: a message is read once, in chunks of any size, and only its header is kept; no SHA-1; `l=` is honoured and never written;
 * trouble with messages and DNS is a verdict, never an exception. Verdicts of one signature say nothing of the others.
 */
export type { Canonicalization, Canonicalizations } from './canonicalization.ts';
export { recommendedHeaders, recommendedSeals } from './header-choice.ts';
export type { KeyAnswer, LookupKey } from './key-choice.ts';
export { keyRecordName, parseKeyRecord, txtStrings, writeKeyRecord } from './key-record.ts';
export type { KeyRecord, KeyRecordFields } from './key-record.ts';
export { defaultDkimLimits, defaultRsaBits } from './limits.ts';
export type { DkimLimits } from './limits.ts';
export { MessageSigner } from './message-signer.ts';
export type { SignerOptions, SigningKey, SigningResult } from './message-signer.ts';
export { MessageVerifier } from './message-verifier.ts';
export type { VerifierOptions } from './message-verifier.ts';
export { generatePrivateKey, parsePrivateKey, signWith } from './private-key.ts';
export type { PrivateKey, Sign } from './private-key.ts';
export { parsePublicKey } from './public-key.ts';
export type { PublicKey } from './public-key.ts';
export { parseSignature } from './signature.ts';
export type { AgentIdentity, Signature, SigningAlgorithm } from './signature.ts';
export type { Tag, TagList } from './tag-list.ts';
export type {
  KeyFacts,
  SignatureFailure,
  SignatureProblem,
  SignatureResult,
  SignatureStatus,
  Verification,
} from './verification.ts';
