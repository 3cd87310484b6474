import { parseIp } from '#lib/domain';
import type { Resolver } from '#ports/resolver';
import type { DomainFacts } from './facts.ts';
import { about, notLookedUp, publish, type Finding } from './finding.ts';
import type { CheckLimits } from './limits.ts';
import type { WantedRecord } from './wanted-record.ts';

/** Checks the MX records of a domain: they must exist, name our mail host, not contradict each other, and name hosts with addresses of their own. */
export async function checkMx(
  wanted: WantedRecord,
  facts: DomainFacts,
  resolver: Resolver,
  limits: CheckLimits,
): Promise<Finding[]> {
  const { area, name } = wanted;
  const subject = `${name} MX`;
  const make = about(area, subject);
  const wrong = (sentence: string): Finding => ({ ...make('error', sentence, null), fix: publish(wanted) });
  const [answer, alias] = await Promise.all([resolver.query(name, 'MX'), resolver.query(name, 'CNAME')]);
  if (alias.kind === 'found') {
    const target = alias.records.join(', ');
    // RFC 1034 §3.6.2: no other data may exist beside a CNAME. RFC 5321 §5.1: mail for an alias is delivered as for its target.
    const sentence = `${name} is an alias (CNAME) of ${target}, beside which no other record counts (RFC 1034 section 3.6.2)`;
    return [make('error', sentence, 'replace the CNAME by the records of its target, then publish the MX record')];
  }
  if (answer.kind === 'failed') return [notLookedUp(area, subject, answer.why, 'error')];
  if (answer.kind === 'absent') return [wrong(`is missing. ${wanted.why}`)];
  const hosts = [...new Set(answer.records.map(({ exchange }) => exchange.toLowerCase()))];
  if (hosts.includes('')) {
    // RFC 7505 §3: a null MX says that the domain takes no mail; it MUST NOT be published together with other MX records.
    if (hosts.length === 1) return [wrong('says that the domain takes no mail (null MX, RFC 7505)')];
    const others = hosts.filter((host) => host !== '').join(', ');
    const sentence = `says that the domain takes no mail (null MX, RFC 7505), and names ${others} as well`;
    return [make('error', sentence, `remove ${answer.records.find(({ exchange }) => exchange === '')?.preference} .`)];
  }
  const others = hosts.filter((host) => host !== facts.mailHost);
  const findings: Finding[] = [];
  if (others.length === hosts.length)
    findings.push(wrong(`leads elsewhere: it is ${hosts.join(', ')}, wanted is ${facts.mailHost}`));
  else {
    findings.push(make('ok', `names ${facts.mailHost}`, null));
    if (others.length > 0) {
      const fix = 'see to it that they know all addresses of the domain, or remove them';
      findings.push(make('note', `names other hosts as well: ${others.join(', ')}`, fix));
    }
  }
  if (hosts.length < answer.records.length)
    findings.push(make('note', 'names a host more than once', 'remove all but one of its records'));
  const judged = await Promise.all(
    hosts.slice(0, limits.maxProbedHosts).map((host) => judgeHost(host, make, resolver)),
  );
  return [...findings, ...judged.flat()];
}

/** Checks one host: an MX record must not name an alias (RFC 2181 §10.3), and must name a host that has addresses (RFC 5321 §5.1). */
async function judgeHost(host: string, make: ReturnType<typeof about>, resolver: Resolver): Promise<Finding[]> {
  if (parseIp(host).ok) {
    const fix = 'give the host a name with address records, and name that';
    return [make('error', `names ${host}, an address, where the name of a host must be (RFC 5321 section 5.1)`, fix)];
  }
  const alias = await resolver.query(host, 'CNAME');
  if (alias.kind !== 'found') return [];
  const fix = `give ${host} address records in place of the CNAME`;
  return [make('error', `names ${host}, which is an alias (CNAME): it must not be (RFC 2181 section 10.3)`, fix)];
}
