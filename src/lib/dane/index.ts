/**
 * DANE for SMTP (RFC 6698, 7671, 7672): requirements of TLSA records, verification of a server's certificates, and records for our own.
 * Lookups and handshakes are elsewhere. Invariants: no input of a server or a zone makes these throw, and the work for one chain is bounded.
 */
export { spkiOf } from './certificate.ts';
export { daneFor, problemWith } from './decision.ts';
export type { DaneDecision } from './decision.ts';
export { parseTlsa, recommendedChoice, tlsaForCertificate, tlsaName, writeTlsa } from './tlsa.ts';
export type { TlsaChoice, TlsaRecord } from './tlsa.ts';
export { referenceNames, verifyDane } from './verify.ts';
export type { DaneVerdict } from './verify.ts';
