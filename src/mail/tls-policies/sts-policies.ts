import {
  defaultLimits as stsLimits,
  planSts,
  readStsResponse,
  settleSts,
  stsPolicyUrl,
  stsRecordName,
  type StsFetched,
  type StsPlan,
  type StsSettled,
  type StsSituation,
} from '#lib/mta-sts';
import type { Clock } from '#ports/clock';
import type { Database } from '#ports/database';
import type { Fetcher } from '#ports/fetcher';
import type { Log } from '#ports/log';
import type { Resolver } from '#ports/resolver';
import type { TlsPolicyLimits } from './limits.ts';
import { noteUse, readStsRow, removeExpired, takeDue, writeStsRow, type StsKept } from './sts-rows.ts';

/** Dependencies of `StsPolicies`. */
export interface StsPoliciesDeps {
  readonly db: Database;
  readonly resolver: Resolver;
  readonly fetcher: Fetcher;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: TlsPolicyLimits;
}

/** MTA-STS policy of a domain, and facts about fetching it for reports (`TlsInputs`). */
export interface StsLookup {
  readonly sts: StsSituation;
  readonly stsFailure: StsSettled['report'];
}

const dayMs = 86_400_000;
const nothing: StsLookup = { sts: { kind: 'none', reason: 'an address literal' }, stsFailure: null };
/** Domains that are refreshed concurrently. */
const batch = 16;

/**
 * MTA-STS policies of other domains, stored in the server's database. They are fetched when the TXT record announces a new id (RFC 8461 §3.1),
 * and again before they expire (RFC 8461 §10.2). A domain has at most one fetch in progress, which continues when its delivery stops waiting.
 */
export class StsPolicies implements AsyncDisposable {
  readonly #deps: StsPoliciesDeps;
  readonly #fetching = new Map<string, Promise<StsSettled | null>>();
  readonly #closing = new AbortController();

  constructor(deps: StsPoliciesDeps) {
    this.#deps = deps;
  }

  /** Returns the policy that applies to a delivery now. @param domain  A-labels, lower case. @throws the signal's reason when aborted */
  async find(domain: string, signal?: AbortSignal): Promise<StsLookup> {
    if (domain.startsWith('[')) return nothing;
    const { db, resolver, clock } = this.#deps;
    const answer = await resolver.query(stsRecordName(domain), 'TXT', signal);
    // Nothing is awaited between this read and the search for a fetch in progress, which is registered until its row is written.
    const row = await db.read((reader) => readStsRow(reader, domain));
    const nowMs = clock.now();
    const plan = planSts({ cached: row.cached, answer, lastFailure: row.lastFailure, nowMs });
    if (plan.fetch === 'first') return await this.#fetchFirst(domain, plan, signal);
    if (plan.fetch === 'background') void this.#fetch(domain, plan.id, nowMs);
    else if (row.usedMs !== null && nowMs >= row.usedMs + dayMs) await db.write((tx) => noteUse(tx, domain, nowMs));
    const isSame = plan.id !== null && row.lastFailure?.id === plan.id;
    return { sts: plan.applies, stsFailure: isSame ? row.report : null };
  }

  /** Refreshes policies that are due and removes expired ones. Run it every few minutes. */
  async sweep(): Promise<{ readonly refreshed: number; readonly removed: number }> {
    const { db, clock, limits } = this.#deps;
    let refreshed = 0;
    for (let isDone = false; !isDone && !this.#closing.signal.aborted;) {
      const nowMs = clock.now();
      const due = await db.write((tx) => takeDue(tx, nowMs, nowMs - limits.keepUnusedMs, batch));
      const settled = await Promise.all(due.map((domain) => this.#fetch(domain, null, null)));
      refreshed += settled.filter((one) => one?.lastFailure === null).length;
      // Domains that were not even tried are still due later.
      isDone = due.length < batch || settled.includes(null);
    }
    return { refreshed, removed: await db.write((tx) => removeExpired(tx, clock.now())) };
  }

  /** Ends fetches in progress. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new Error('shutting down'));
    await Promise.all(this.#fetching.values());
  }

  async #fetchFirst(domain: string, plan: StsPlan, signal: AbortSignal | undefined): Promise<StsLookup> {
    const settled = await this.#waitFor(this.#fetch(domain, plan.id, this.#deps.clock.now()), signal);
    // RFC 8461 §3.3: without a policy that can be fetched or a valid cached one, senders MUST continue as if the domain had no MTA-STS.
    if (settled === 'late') {
      const stsFailure = { result: 'sts-policy-fetch-error', reason: 'no answer in time' } as const;
      return { sts: plan.applies, stsFailure };
    }
    if (settled !== null) return { sts: settled.applies, stsFailure: settled.report };
    // The failure is ours, not the domain's, and no reason to send without its policy.
    const undetermined: StsSituation = {
      kind: 'undetermined',
      reason: 'its MTA-STS policy cannot be fetched just now',
    };
    return { sts: plan.applies.kind === 'policy' ? plan.applies : undetermined, stsFailure: null };
  }

  async #waitFor<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T | 'late'> {
    const { promise, resolve, reject } = Promise.withResolvers<'late'>();
    using _timer = this.#deps.clock.timer(this.#deps.limits.maxWaitMs, () => resolve('late'));
    const onAbort = (): void => reject(signal?.reason);
    if (signal?.aborted === true) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([work, promise]);
    } finally {
      signal?.removeEventListener('abort', onAbort);
    }
  }

  /**
   * Joins the fetch in progress for the domain, or starts one. Resolves to null when it fails for reasons of our own: too many fetches, shutdown, a bug.
   * Never rejects. @param usedMs  Time at which a delivery asked for the policy; null if none did.
   */
  #fetch(domain: string, id: string | null, usedMs: number | null): Promise<StsSettled | null> {
    const underWay = this.#fetching.get(domain);
    if (underWay !== undefined) return underWay;
    if (this.#fetching.size >= this.#deps.limits.maxFetches || this.#closing.signal.aborted)
      return Promise.resolve(null);
    const fetching = this.#fetchAndKeep(domain, id, usedMs)
      .catch((cause: unknown) => {
        if (!this.#closing.signal.aborted) this.#deps.log.error('mtaSts.bug', { domain }, cause);
        return null;
      })
      .finally(() => this.#fetching.delete(domain));
    this.#fetching.set(domain, fetching);
    return fetching;
  }

  async #fetchAndKeep(domain: string, id: string | null, usedMs: number | null): Promise<StsSettled> {
    const { db, clock, log } = this.#deps;
    const fetched = await this.#fetchPolicy(domain);
    const settled = await db.write(async (tx) => {
      const nowMs = clock.now();
      const row = await readStsRow(tx, domain);
      const outcome = settleSts({ cached: row.cached, id, fetched, nowMs });
      await writeStsRow(tx, domain, this.#kept(outcome, usedMs ?? row.usedMs ?? nowMs, nowMs));
      return outcome;
    });
    if (fetched.kind === 'failed') {
      const { failure, reason } = fetched;
      // RFC 8461 §3.3: the administrator needs to know.
      if (settled.alert) log.warn('mtaSts.notRefreshed', { domain, failure, reason });
      else log.info('mtaSts.notFetched', { domain, failure, reason });
    }
    return settled;
  }

  async #fetchPolicy(domain: string): Promise<StsFetched> {
    const { fetcher, limits } = this.#deps;
    const fetched = await fetcher.fetch({
      url: stsPolicyUrl(domain),
      // One byte more, so that a policy that is too long is not mistaken for one of the maximum length.
      maxBytes: stsLimits.maxPolicyBytes + 1,
      timeoutMs: limits.fetchTimeoutMs,
      signal: this.#closing.signal,
    });
    if (fetched.kind === 'response') return readStsResponse(fetched);
    // RFC 8460 §4.3.2.2: sts-webpki-invalid when PKIX validation fails, otherwise sts-policy-fetch-error.
    const failure = fetched.why === 'certificate' ? 'sts-webpki-invalid' : 'sts-policy-fetch-error';
    return { kind: 'failed', failure, reason: fetched.reason.slice(0, limits.maxTextChars) };
  }

  #kept({ cached, lastFailure, report }: StsSettled, usedMs: number, nowMs: number): StsKept {
    const { refreshRetryMs, keepFailureMs } = this.#deps.limits;
    const failureEndsMs = lastFailure === null ? 0 : lastFailure.atMs + keepFailureMs;
    const kept = { cached, lastFailure, report, usedMs };
    if (cached === null) return { ...kept, refreshMs: null, expiresMs: failureEndsMs };
    const lifetimeMs = cached.policy.maxAgeS * 1000;
    // RFC 8461 §10.2: see `isRefreshDue`.
    const refreshMs =
      lastFailure === null ? cached.fetchedAtMs + Math.min(dayMs, lifetimeMs / 2) : nowMs + refreshRetryMs;
    return { ...kept, refreshMs, expiresMs: Math.max(cached.fetchedAtMs + lifetimeMs, failureEndsMs) };
  }
}
