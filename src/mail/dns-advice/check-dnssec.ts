import type { Answer, Resolver } from '#ports/resolver';
import type { DomainFacts } from './facts.ts';
import { todo, type Finding, type Level } from './finding.ts';

/** Whether answers about the domain, its mail host and its TLSA records are signed, and whether our resolver would tell. */
export async function checkDnssec(facts: DomainFacts, resolver: Resolver, signedName: string): Promise<Finding[]> {
  const tlsaName = `_25._tcp.${facts.mailHost}`;
  const [known, mx, host, tlsa] = await Promise.all([
    resolver.query(signedName, 'MX'),
    resolver.query(facts.domain, 'MX'),
    resolver.query(facts.mailHost, 'A'),
    resolver.query(tlsaName, 'TLSA'),
  ]);
  const isSigned = (answer: Answer<unknown>): boolean => answer.kind !== 'failed' && answer.authentic;
  const make = (level: Level, subject: string, sentence: string, fix: string | null): Finding => ({
    area: 'dnssec',
    level,
    subject,
    sentence,
    fix: fix === null ? null : todo(fix),
  });
  if (![known, mx, host, tlsa].some(isSigned)) {
    const fix = 'use a validating resolver on this machine, such as Unbound: DANE needs it for sending, too';
    return [
      make(
        'note',
        'resolver',
        'does not validate DNSSEC, or is not trusted: nothing can be said about signatures',
        fix,
      ),
    ];
  }
  const findings: Finding[] = [];
  for (const [subject, answer] of [
    [facts.domain, mx],
    [facts.mailHost, host],
  ] as const) {
    // A question without an answer is reported with its records.
    if (answer.kind === 'failed') continue;
    if (isSigned(answer)) findings.push(make('ok', subject, 'is signed with DNSSEC', null));
    else
      findings.push(make('note', subject, 'is not signed with DNSSEC', 'sign the zone: DANE (TLSA) works only then'));
  }
  if (tlsa.kind === 'found' && !isSigned(tlsa))
    findings.push(make('warning', `${tlsaName} TLSA`, 'counts for nothing, as it is not signed', 'sign the zone'));
  return findings;
}
