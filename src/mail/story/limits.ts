/** Bounds of what is kept about mail that was refused. */
export const refusalLimits = {
  /** Rows of one UTC day. */
  maxPerDay: 10_000,
  /** Rows of one UTC day that one address of a client can fill. */
  maxPerClient: 200,
  /** Time in ms for which they are kept. */
  keepMs: 14 * 86_400_000,
  /** Refusals that wait to be written. */
  maxWaiting: 2000,
  /** After this many they are written, else after `flushMs`. */
  flushCount: 200,
  flushMs: 5000,
  /** Characters kept of a text that a peer chose: an address as long as a path may be, or a reply. */
  maxTextChars: 1024,
} as const;

/** Limits with the names of `refusalLimits`. */
export type RefusalLimits = { readonly [K in keyof typeof refusalLimits]: number };
