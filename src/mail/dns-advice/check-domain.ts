import type { Clock } from '#ports/clock';
import type { Resolver } from '#ports/resolver';
import { BoundedResolver } from './bounded-resolver.ts';
import { checkBlockLists, checkReverse } from './check-addresses.ts';
import { checkDnssec } from './check-dnssec.ts';
import { checkHosts, type HostProber } from './check-hosts.ts';
import { checkRecords } from './check-records.ts';
import { checkSpfCoverage } from './check-texts.ts';
import type { DomainFacts } from './facts.ts';
import { about, noResolver, orderFindings, type Finding } from './finding.ts';
import { defaultCheckLimits, type CheckLimits } from './limits.ts';
import { wantedRecords } from './wanted.ts';
import { isWithin } from './zone.ts';

/** Dependencies of a check. */
export interface CheckDomainDeps {
  readonly resolver: Resolver;
  /** Connects to the mail hosts; null if they are not to be tried. */
  readonly prober: HostProber | null;
  readonly clock: Clock;
  /** Zones of block lists to ask, such as `bl.example`. */
  readonly dnsblZones?: readonly string[];
  readonly limits?: Partial<CheckLimits>;
}

/**
 * Compares what DNS holds for a domain, its mail host and its addresses with what it should hold. Each check gives a finding, also when all is right.
 * Never rejects because of DNS or the network, and ends in bounded time: what cannot be determined in time is a finding, too.
 */
export async function checkDomain(facts: DomainFacts, deps: CheckDomainDeps): Promise<Finding[]> {
  const { clock } = deps;
  const limits = { ...defaultCheckLimits, ...deps.limits };
  const ending = new AbortController();
  using _timer = clock.timer(limits.timeoutMs, () => ending.abort(new Error('no time is left')));
  const resolver = new BoundedResolver(deps.resolver, limits, ending.signal);
  return orderFindings(await findings(facts, { ...deps, resolver, limits, signal: ending.signal }));
}

async function findings(
  facts: DomainFacts,
  deps: CheckDomainDeps & { readonly limits: CheckLimits; readonly signal: AbortSignal },
): Promise<Finding[]> {
  const { resolver, prober, clock, limits, signal } = deps;
  const [mx, host] = await Promise.all([resolver.query(facts.domain, 'MX'), resolver.query(facts.mailHost, 'A')]);
  // One finding is clearer than the same one for every record.
  if (mx.kind === 'failed' && host.kind === 'failed' && mx.why !== 'bogus' && mx.why !== 'servfail')
    return [noResolver(mx.why)];
  const isGone = mx.kind === 'absent' && mx.why === 'nxdomain';
  // RFC 8020 §2: nothing is below a name that does not exist.
  const wanted = wantedRecords(facts).filter(({ name }) => !isGone || !isWithin(name, facts.domain));
  const parts = await Promise.all([
    checkRecords(wanted, facts, resolver, limits),
    checkSpfCoverage(facts, resolver),
    checkReverse(facts, resolver, limits),
    checkBlockLists(facts, deps.dnsblZones ?? [], resolver, limits),
    checkDnssec(wanted, resolver),
    prober === null ? Promise.resolve([]) : checkHosts(facts, { resolver, prober, limits, nowMs: clock.now(), signal }),
  ]);
  return [...(isGone ? [gone(facts.domain)] : []), ...parts.flat()];
}

function gone(domain: string): Finding {
  const fix = `register it, or mend its delegation; then publish what 'godwit dns records ${domain}' prints`;
  return about('host', domain)('error', 'does not exist in DNS', fix);
}
