import type { Clock } from '#ports/clock';
import type { Resolver } from '#ports/resolver';
import { BoundedResolver } from './bounded-resolver.ts';
import { checkBlockLists, checkReverse } from './check-addresses.ts';
import { checkDnssec } from './check-dnssec.ts';
import { checkHosts, type HostProber } from './check-hosts.ts';
import { checkRecords } from './check-records.ts';
import { checkSpfCoverage } from './check-texts.ts';
import type { DomainFacts } from './facts.ts';
import { orderFindings, type Finding } from './finding.ts';
import { defaultCheckLimits, type CheckLimits } from './limits.ts';
import { wantedRecords } from './wanted.ts';

/** What a check works with. */
export interface CheckDomainDeps {
  readonly resolver: Resolver;
  /** Connects to the mail hosts; null: not to be tried. */
  readonly prober: HostProber | null;
  readonly clock: Clock;
  /** Zones of block lists to ask, such as `bl.example`. */
  readonly dnsblZones?: readonly string[];
  /** A domain whose MX answer is known to be signed, to tell an unsigned zone from a resolver that does not validate. */
  readonly signedName?: string;
  readonly limits?: Partial<CheckLimits>;
  readonly signal?: AbortSignal;
}

/**
 * Compares what DNS holds for a domain, its mail host and its addresses with what it should. Each thing looked at gives a finding, also when it is right.
 * Never rejects for what DNS or the network does: what could not be found out, or not in time, is a finding, too.
 * @throws the reason of `signal` when it aborts.
 */
export async function checkDomain(facts: DomainFacts, deps: CheckDomainDeps): Promise<Finding[]> {
  const { clock, prober, signal: given } = deps;
  const limits = { ...defaultCheckLimits, ...deps.limits };
  given?.throwIfAborted();
  const ending = new AbortController();
  const onAbort = (): void => ending.abort(given?.reason);
  given?.addEventListener('abort', onAbort, { once: true });
  using _timer = clock.timer(limits.timeoutMs, () => ending.abort(new Error('no time is left')));
  const { signal } = ending;
  const resolver = new BoundedResolver(deps.resolver, limits, signal);
  try {
    const parts = await Promise.all([
      checkRecords(wantedRecords(facts), facts, resolver),
      checkSpfCoverage(facts, resolver),
      checkReverse(facts, resolver, limits),
      checkBlockLists(facts, deps.dnsblZones ?? [], resolver, limits),
      checkDnssec(facts, resolver, deps.signedName ?? 'ietf.org'),
      prober === null ? [] : checkHosts(facts, { resolver, prober, limits, nowMs: clock.now(), signal }),
    ]);
    given?.throwIfAborted();
    return orderFindings(parts.flat());
  } finally {
    given?.removeEventListener('abort', onAbort);
  }
}
