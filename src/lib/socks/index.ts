/**
 * The client's side of SOCKS5 (RFC 1928, RFC 1929) as bytes and values: greeting, user and password, CONNECT to a name or an address.
 * Connections, time limits and names to be looked up are not here: see #host/net.
 *
 * Invariants: nothing that a proxy sends makes it throw; at most `socksLimits.maxAnswerBytes` are kept; bytes that follow the proxy's
 * last answer belong to the target and are given back untouched.
 */
export { SocksClient } from './client.ts';
export { socksLimits } from './limits.ts';
export type { SocksStep } from './types.ts';
