/** Costs of passwords, and lifetimes of proofs. */
export const authLimits = {
  /** Logins that may wait for a hash; further ones are refused. */
  maxWaitingHashes: 200,
  /** RFC 9106 §4 recommends 64 MiB and 3 passes where memory is small; this is OWASP's smaller setting, about 30 ms. */
  argon2MemoryKiB: 9 * 1024,
  argon2Passes: 4,
  /** RFC 7677 §3: the iteration count SHOULD be at least 4096. */
  scramIterations: 4096,
  /** Time in ms for which a verified password is not hashed again. */
  cacheMs: 15 * 60_000,
  /** Verified passwords remembered. */
  maxCached: 10_000,
  /** Passwords shorter than this are refused when set. */
  minPasswordLength: 8,
  /** Longer passwords are refused, both when set and at login. */
  maxPasswordLength: 500,
  /** App passwords of one account. */
  maxAppPasswords: 50,
  /** Time in ms in which the uses of an app password, or of a session of pages, are stored once. */
  useIntervalMs: 60_000,
  /** Time in ms after its last use at which a session of pages ends. */
  webSessionIdleMs: 7 * 86_400_000,
  /** Longest life in ms of a session of pages. */
  webSessionLifeMs: 90 * 86_400_000,
  /** Sessions of pages of one account. */
  maxWebSessions: 50,
} as const;

/** Type of the limits, for arguments that replace some of them. */
export type AuthLimits = { readonly [K in keyof typeof authLimits]: number };
