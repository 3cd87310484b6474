/**
 * Names and addresses of hosts for mail: domain names with their IDNA forms, IP addresses, and the networks that limits count by.
 * Lookups are not here (see the Resolver port), and neither is the syntax of address literals (see #lib/address).
 * A `Domain` comes from `parseDomain` only; its `ascii` is the identity, its `unicode` is for people.
 */
export { parseDomain } from './domain.ts';
export type { Domain } from './domain.ts';
export { ipMasks, isLoopback, isPrivate, isPublic, reverseName } from './networks.ts';
export { parseIp, writeIpv6 } from './ip.ts';
export type { IpAddress } from './ip.ts';
