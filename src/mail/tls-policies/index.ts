/**
 * Demands on TLS to other servers, and the results: MTA-STS policies fetched, kept and refreshed, joined with DANE for each host,
 * and counted for TLS reports. What a policy means for one connection is decided in #mail/mail-hosts; connections are made elsewhere.
 *
 * Invariants: a policy that counts is replaced by a fetched one only; one fetch per domain at a time; no delivery waits for a fetch longer than
 * `maxWaitMs`; what peers say makes the tables grow up to a limit only.
 */
export { defaultLimits } from './limits.ts';
export type { TlsPolicyLimits } from './limits.ts';
export { TlsPolicies } from './tls-policies.ts';
export { dayOf, TlsResults } from './tls-results.ts';
