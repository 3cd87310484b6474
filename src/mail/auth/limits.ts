/** Costs of passwords, and lifetimes of proofs. */
export const authLimits = {
  /** Logins that may wait for a hash; further ones are refused. */
  maxWaitingHashes: 200,
  /** RFC 9106 §4 names 64 MiB and 3 passes; this is OWASP's setting for small memory, about 30 ms. */
  argon2MemoryKiB: 9 * 1024,
  argon2Passes: 4,
  /** RFC 7677 §4 asks for at least 4096. */
  scramIterations: 4096,
  /** Time in ms for which a verified password is not hashed again. */
  cacheMs: 15 * 60_000,
  /** Verified passwords remembered. */
  maxCached: 10_000,
  /** Passwords shorter than this are refused when set. */
  minPasswordLength: 8,
  /** Longer ones are refused, when set and when tried. */
  maxPasswordLength: 500,
} as const;

/** The limits' type, for arguments that replace some of them. */
export type AuthLimits = { readonly [K in keyof typeof authLimits]: number };
