/**
 * Which hosts take mail for a domain, in which order, by DNS (RFC 5321 §5.1, RFC 7505). Connections are not made here,
 * and how they are secured is decided elsewhere.
 */
export { findMailHosts, type MailHost, type MailHosts } from './mail-hosts.ts';
