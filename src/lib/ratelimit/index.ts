/**
 * Limits per network: how many connections at once, how many events in a time, for an address and for the networks it is part of.
 * Time is an argument. Memory is bounded: when too many networks are known, the ones without recent events are forgotten first.
 */
export { ConcurrencyLimit } from './concurrency-limit.ts';
export { EventLimit } from './event-limit.ts';
export { Place } from './place.ts';
export { isInNetwork, parseNetwork, type Network } from './network.ts';
