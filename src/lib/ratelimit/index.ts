/**
 * Limits per network: concurrent connections, and events per time, for an address and the networks that contain it.
 * Time is an argument. Memory is bounded: when too many networks are known, the ones without recent events are forgotten first.
 */
export { ConcurrencyLimit } from './concurrency-limit.ts';
export { EventLimit } from './event-limit.ts';
export { Place } from './place.ts';
export { isInNetwork, parseNetwork, type Network } from './network.ts';
