/** Times and bounds of what is kept about other servers' TLS. */
export const defaultLimits = {
  /** RFC 8461 §3.3 suggests a minute. */
  fetchTimeoutMs: 60_000,
  /** Time in ms that one delivery waits for a fetch, which goes on without it. */
  maxWaitMs: 20_000,
  /** Fetches under way at a time. */
  maxFetches: 64,
  /** When to try again after a policy could not be refreshed. */
  refreshRetryMs: 60 * 60_000,
  /** Policies of domains without mail for so long are no longer refreshed. */
  keepUnusedMs: 30 * 86_400_000,
  /** Time in ms for which it is remembered why a policy could not be fetched. */
  keepFailureMs: 86_400_000,
  /** Distinct facts of one day and policy domain that are kept in full; as many again are kept without details, the others are lost. */
  maxFactsPerDomain: 200,
  /** Distinct facts of one day that are kept. */
  maxFactsPerDay: 50_000,
  /** Distinct facts that wait to be written. */
  maxWaitingFacts: 5000,
  /** MX patterns and lines of a policy, each, that facts repeat. */
  maxPolicyLines: 32,
  /** Characters kept of a text that a peer chose. */
  maxTextChars: 256,
  /** After this many distinct facts they are written, else after `flushMs`. */
  flushFacts: 500,
  flushMs: 10_000,
  keepResultsMs: 10 * 86_400_000,
} as const;

/** Limits with the names of `defaultLimits`. */
export type TlsPolicyLimits = { readonly [K in keyof typeof defaultLimits]: number };
