import type { Answer, Resolver } from '#ports/resolver';
import { about, type Finding } from './finding.ts';
import type { WantedRecord } from './wanted-record.ts';

/** The root zone is signed: a resolver that does not set AD for it does not validate, or is not trusted. */
const root = '';

/** Reports which of the records in DNS are signed, and whether our resolver would tell. Missing answers are reported with the records. */
export async function checkDnssec(wanted: readonly WantedRecord[], resolver: Resolver): Promise<Finding[]> {
  const sets = [...new Map(wanted.map((record) => [`${record.name} ${record.type}`, record])).entries()];
  const [known, ...answers] = await Promise.all([
    resolver.query(root, 'MX'),
    ...sets.map(([, { name, type }]) => resolver.query(name, type)),
  ]);
  const found = sets.filter((_, i) => answers[i]?.kind === 'found');
  const isSigned = (answer: Answer<unknown> | undefined): boolean =>
    answer !== undefined && answer.kind !== 'failed' && answer.authentic;
  if (![known, ...answers].some(isSigned)) {
    const fix =
      'if it validates and the path to it is safe, set dns.trustAuthenticData: true in server.yaml; else use one on this machine, such as Unbound: DANE needs it for sending, too';
    const sentence = 'does not validate DNSSEC, or is not trusted: nothing can be said about signatures';
    return [about('dnssec', 'resolver')('note', sentence, fix)];
  }
  const signed = new Set(sets.filter((_, i) => isSigned(answers[i])).map(([key]) => key));
  const groups = Map.groupBy(found, ([key]) => signed.has(key));
  const findings: Finding[] = [];
  for (const [isGood, group] of groups) {
    const make = about('dnssec', group.map(([key]) => key).join(', '));
    if (isGood) findings.push(make('ok', 'signed with DNSSEC', null));
    else
      findings.push(
        make('note', 'not signed with DNSSEC', 'sign the zone where you host it: DANE (TLSA) works only then'),
      );
  }
  const tlsa = groups.get(false)?.find(([, { type }]) => type === 'TLSA');
  if (tlsa !== undefined)
    findings.push(about('dnssec', tlsa[0])('warning', 'counts for nothing, as it is not signed', 'sign the zone'));
  return findings;
}
