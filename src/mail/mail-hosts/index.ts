/**
 * Mail hosts: the hosts that take mail for a domain, in order, by DNS (RFC 5321 §5.1, RFC 7505), with the demands on TLS of a connection to each
 * (RFC 7672, 8461, 8689). Connections are not made here, and policies of MTA-STS not fetched.
 */
export { clientTlsFor, securedSession } from './client-tls.ts';
export { findTlsa } from './find-tlsa.ts';
export { findMailHost, findMailHosts, type MailHost, type MailHosts } from './find-mail-hosts.ts';
export { findMxNames, type MxNames } from './mx-names.ts';
export { decideTls, type HostTls, type TlsDemand, type TlsInputs, type TlsWish } from './tls-policy.ts';
export { factsOfSkipped, judgeTls, type SessionEnds, type SessionTls, type TlsJudgement } from './tls-session.ts';
