/** Bounds of the connections that wait for another message. */
export const defaultPoolLimits = {
  /** Shortest time in ms for which a connection waits; it is gone `lookMs` later. */
  idleMs: 3000,
  lookMs: 1000,
  /** Older ones take no other message: what DNS, policies and files of secrets said when they were made is to be asked again. */
  maxAgeMs: 5 * 60_000,
  /** Waiting at a time, altogether and for the same. */
  maxWaiting: 300,
  maxWaitingForSame: 100,
  /** Longest time in ms for the goodbyes at the end. */
  closeMs: 1000,
  /** Messages over one connection to a host of a domain, unless a transport says otherwise; a relay says itself when it has enough. */
  maxMessages: 100,
  /** The same to Exim, which as it comes delivers ten messages of a connection at once and lets the others wait for its next queue run. */
  maxEximMessages: 10,
} as const;

/** Longest time in ms of an attempt, by default. */
export const defaultAttemptMs: number = 30 * 60_000;

/** Limits with the names of `defaultPoolLimits`. */
export type PoolLimits = { readonly [K in keyof typeof defaultPoolLimits]: number };
