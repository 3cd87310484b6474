/**
 * TLS requirements of other servers, and results of connections: fetches, stores and refreshes MTA-STS policies, combines them with DANE for each
 * host, and counts results for TLS reports. #mail/mail-hosts decides the consequences of a policy for one connection; connections are made elsewhere.
 *
 * Invariants: only a fetched policy replaces a valid one; at most one fetch per domain at a time; no delivery waits for a fetch longer than
 * `maxWaitMs`; tables that peers can fill are bounded.
 */
export { defaultLimits } from './limits.ts';
export { TlsPolicies } from './tls-policies.ts';
export { dayOf } from './tls-results.ts';
