import { lookupFailureText, type ResponseAnswer } from '#lib/dns';
import { chooseStsRecord } from './record.ts';
import type { StsFetched, StsFetchFailure } from './response.ts';
import type { StsPolicy } from './policy.ts';

/** A cached policy, valid until `fetchedAtMs` plus its lifetime. Times are milliseconds since 1970. */
export interface CachedSts {
  /** Id of the TXT record that announced it. */
  readonly id: string;
  readonly policy: StsPolicy;
  readonly fetchedAtMs: number;
}

/** Last failure to fetch the policy of this id. */
export interface StsFailedFetch {
  readonly id: string;
  readonly atMs: number;
}

/** Answer to the TXT query of `stsRecordName`. */
export type StsAnswer = ResponseAnswer<string> | { readonly kind: 'failed'; readonly why: 'timeout' | 'unavailable' };

/** Policy situation of a domain. `undetermined`: DNS failed and no policy is cached. */
export type StsSituation =
  | { readonly kind: 'policy'; readonly policy: StsPolicy }
  | { readonly kind: 'none'; readonly reason: string }
  | { readonly kind: 'undetermined'; readonly reason: string };

/** Plan for a delivery. */
export interface StsPlan {
  /** Situation that applies unless `fetch` is `first` and gives another. */
  readonly applies: StsSituation;
  /** `first`: before the delivery; `background`: soon, without delaying the delivery (RFC 8461 §3.3). */
  readonly fetch: 'no' | 'first' | 'background';
  /** Id of the policy that the domain announces; null when it announces none or the id is unknown. */
  readonly id: string | null;
}

/** RFC 8461 §3.3: after a failure, no further attempt for the same id within five minutes. */
const failureRestMs = 5 * 60_000;
/** RFC 8461 §3.3: policies are refreshed once a day. */
const refreshMs = 86_400_000;

/** Reports whether a cached policy is still valid (RFC 8461 §3.2). One from the future is, since clocks are set back. */
export function isFresh({ policy, fetchedAtMs }: CachedSts, nowMs: number): boolean {
  return nowMs < fetchedAtMs + policy.maxAgeS * 1000;
}

/**
 * Reports whether a cached policy should be refreshed, regardless of its TXT record (RFC 8461 §10.2): after a day, or half its lifetime
 * if that is shorter, so that an attacker would have to interfere continuously.
 */
export function isRefreshDue({ policy, fetchedAtMs }: CachedSts, nowMs: number): boolean {
  return nowMs >= fetchedAtMs + Math.min(refreshMs, policy.maxAgeS * 500);
}

/**
 * Returns the situation for a delivery now, and whether to fetch (RFC 8461 §5.1). A cached policy is valid until it expires, regardless of
 * DNS; only a fetched policy replaces it.
 */
export function planSts(known: {
  readonly cached: CachedSts | null;
  readonly answer: StsAnswer;
  readonly lastFailure: StsFailedFetch | null;
  readonly nowMs: number;
}): StsPlan {
  const { answer, lastFailure, nowMs } = known;
  const cached = known.cached !== null && isFresh(known.cached, nowMs) ? known.cached : null;
  const record = answer.kind === 'found' ? chooseStsRecord(answer.records) : null;
  if (record === null || !record.ok) {
    if (cached !== null) return { applies: { kind: 'policy', policy: cached.policy }, fetch: 'no', id: null };
    return { applies: withoutRecord(answer, record?.reason ?? null), fetch: 'no', id: null };
  }
  const { id } = record.value;
  const mayFetch = lastFailure === null || lastFailure.id !== id || nowMs >= lastFailure.atMs + failureRestMs;
  if (cached === null) {
    const reason = 'the policy could not be fetched';
    return { applies: { kind: 'none', reason }, fetch: mayFetch ? 'first' : 'no', id };
  }
  const applies = { kind: 'policy', policy: cached.policy } as const;
  if (cached.id !== id) return { applies, fetch: mayFetch ? 'first' : 'no', id };
  return { applies, fetch: mayFetch && isRefreshDue(cached, nowMs) ? 'background' : 'no', id };
}

function withoutRecord(answer: StsAnswer, recordProblem: string | null): StsSituation {
  if (answer.kind === 'failed')
    return { kind: 'undetermined', reason: `looking up the MTA-STS record failed: ${lookupFailureText(answer.why)}` };
  return { kind: 'none', reason: recordProblem ?? 'no MTA-STS record' };
}

/** Consequences of a fetch. */
export interface StsSettled {
  readonly applies: StsSituation;
  /** Policy to cache from now on, null for none. */
  readonly cached: CachedSts | null;
  /** Failure to store for `planSts`; null after success. */
  readonly lastFailure: StsFailedFetch | null;
  /** Entry for TLS reports (RFC 8461 §6), null for none. */
  readonly report: { readonly result: StsFetchFailure; readonly reason: string } | null;
  /** True when the administrator needs to know (RFC 8461 §3.3, §10.2): a valid policy could not be refreshed. */
  readonly alert: boolean;
}

/**
 * Returns the consequences of a fetch that `planSts` or `isRefreshDue` asked for. A failure never replaces a valid cached policy
 * (RFC 8461 §3.3); without one the domain is treated as if it had no MTA-STS.
 * @param known.id  Id that the domain announces; null for a refresh without it.
 */
export function settleSts(known: {
  readonly cached: CachedSts | null;
  readonly id: string | null;
  readonly fetched: StsFetched;
  readonly nowMs: number;
}): StsSettled {
  const { id, fetched, nowMs } = known;
  const cached = known.cached !== null && isFresh(known.cached, nowMs) ? known.cached : null;
  if (fetched.kind === 'policy') {
    const { policy } = fetched;
    return {
      applies: { kind: 'policy', policy },
      cached: { id: id ?? cached?.id ?? '', policy, fetchedAtMs: nowMs },
      lastFailure: null,
      report: null,
      alert: false,
    };
  }
  const { failure, reason } = fetched;
  // RFC 8461 §8.3: a domain that has left MTA-STS with mode none may remove its policy.
  const isMissed = cached !== null && cached.policy.mode !== 'none';
  return {
    applies:
      cached === null
        ? { kind: 'none', reason: `the policy could not be fetched: ${reason}` }
        : { kind: 'policy', policy: cached.policy },
    cached,
    lastFailure: { id: id ?? cached?.id ?? '', atMs: nowMs },
    report: isMissed || (cached === null && id !== null) ? { result: failure, reason } : null,
    alert: isMissed,
  };
}
