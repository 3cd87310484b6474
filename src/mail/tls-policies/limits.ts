/** Timeouts and bounds of stored policies and results. */
export const defaultLimits = {
  /** Timeout of a fetch: RFC 8461 §3.3 suggests one minute. */
  fetchTimeoutMs: 60_000,
  /** Time in ms that a delivery waits for a fetch, which continues without it. */
  maxWaitMs: 20_000,
  /** Concurrent fetches. */
  maxFetches: 64,
  /** Wait in ms after a failed refresh. */
  refreshRetryMs: 60 * 60_000,
  /** Time in ms without mail to a domain after which its policy is no longer refreshed. */
  keepUnusedMs: 30 * 86_400_000,
  /** Time in ms for which the reason of a failed fetch is kept. */
  keepFailureMs: 86_400_000,
  /** Distinct facts of one day and policy domain that are stored in full; as many again are stored without details, others are lost. */
  maxFactsPerDomain: 200,
  /** Distinct facts of one day that are kept. */
  maxFactsPerDay: 50_000,
  /** Distinct facts that may wait to be written. */
  maxWaitingFacts: 5000,
  /** MX patterns, and lines of a policy, that a fact includes. */
  maxPolicyLines: 32,
  /** Characters stored of a text from a peer. */
  maxTextChars: 256,
  /** Number of distinct facts at which they are written before `flushMs` has passed. */
  flushFacts: 500,
  flushMs: 10_000,
  keepResultsMs: 10 * 86_400_000,
} as const;

/** Limits with the names of `defaultLimits`. */
export type TlsPolicyLimits = { readonly [K in keyof typeof defaultLimits]: number };
