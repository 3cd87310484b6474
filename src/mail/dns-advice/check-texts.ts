import type { Resolver } from '#ports/resolver';
import { outgoingIps, type DomainFacts } from './facts.ts';
import { levelOf, notLookedUp, publish, todo, type Finding, type Level } from './finding.ts';
import { evaluateSpf, spfRecords } from './spf.ts';
import { mechanism } from './wanted.ts';
import { differingTags, tagsOf } from './tags.ts';
import type { WantedRecord } from './wanted-record.ts';

/** A wanted TXT record. */
type WantedText = Extract<WantedRecord, { readonly type: 'TXT' }>;

/** Marks that distinguish records of one purpose from other TXT records of the name. */
const marks: Partial<Record<WantedRecord['area'], RegExp>> = {
  spf: /^v=spf1(?: |$)/i,
  dmarc: /^v\s*=\s*DMARC1/i,
  'mta-sts': /^v\s*=\s*STSv1/i,
  'tls-rpt': /^v\s*=\s*TLSRPTv1/i,
};

/** Compares one wanted TXT record with those in DNS. */
export async function checkText(wanted: WantedText, facts: DomainFacts, resolver: Resolver): Promise<Finding> {
  const { area, name } = wanted;
  const subject = `${name} TXT`;
  const answer = await resolver.query(name, 'TXT');
  if (answer.kind === 'failed') return notLookedUp(area, subject, answer.why, levelOf(wanted.importance));
  const mark = marks[area] ?? /(?:^|;)\s*p\s*=/i;
  const found = answer.kind === 'found' ? answer.records.filter((text) => mark.test(text)) : [];
  const make = (level: Level, sentence: string, fix: Finding['fix'] = publish(wanted)): Finding => ({
    area,
    level,
    subject,
    sentence,
    fix,
  });
  const [only, ...more] = found;
  if (only === undefined) {
    const above = area === 'dmarc' ? await inheritedDmarc(wanted, facts, resolver) : null;
    if (above !== null)
      return make('note', `is missing, so that the one of ${above.from} counts: ${quote(above.text)}`);
    const other = answer.kind === 'found' ? `; there is ${quote(answer.records[0] ?? '')}` : '';
    return make(levelOf(wanted.importance), `is missing. ${wanted.why}${area === 'dkim' ? other : ''}`);
  }
  if (more.length > 0) {
    const fix = todo(`replace the ${found.length} records by one: ${wanted.value}`);
    const all = found.map(quote).join(' and ');
    return make('error', `there are ${found.length} conflicting records, so receivers use none: ${all}`, fix);
  }
  if (only === wanted.data) return make('ok', `is right: ${quote(only)}`, null);
  switch (area) {
    case 'spf':
      return await judgeSpf(wanted, only, facts, resolver, make);
    case 'dkim':
      return judgeDkim(wanted, only, make);
    case 'dmarc':
      return judgeDmarc(wanted, only, make);
    default: {
      const differing = differingTags(wanted.data, only);
      if (differing.length === 0) return make('ok', `is right: ${quote(only)}`, null);
      // The owner may choose who gets the reports.
      if (area === 'tls-rpt' && tagsOf(only).has('rua'))
        return make(
          'note',
          `sends reports elsewhere than to us: it is ${quote(only)}, wanted is ${quote(wanted.data)}`,
        );
      const sentence = `differs in ${differing.join(', ')}: it is ${quote(only)}, wanted is ${quote(wanted.data)}`;
      return make(levelOf(wanted.importance), sentence);
    }
  }
}

type Make = (level: Level, sentence: string, fix?: Finding['fix']) => Finding;

/** Judges an SPF record that differs from ours: it is as good when all our addresses pass. For the domain itself, `checkSpfCoverage` checks that. */
async function judgeSpf(
  wanted: WantedText,
  found: string,
  facts: DomainFacts,
  resolver: Resolver,
  make: Make,
): Promise<Finding> {
  const outgoing = wanted.name === facts.domain ? [] : outgoingIps(facts);
  const ips = outgoing.filter(({ ehloName }) => ehloName === wanted.name).map(({ ip }) => ip);
  const verdicts = await Promise.all(ips.map((ip) => evaluateSpf(ip, wanted.name, resolver)));
  const bad = ips.filter((_, i) => verdicts[i]?.result !== 'pass');
  if (bad.length > 0) {
    const sentence = `does not let ${bad.join(', ')} send: it is ${quote(found)}, wanted is ${quote(wanted.data)}`;
    return make(levelOf(wanted.importance), sentence);
  }
  if (/(?:^| )\+?all(?: |$)/i.test(found))
    return make('warning', `lets everybody send: it is ${quote(found)}, wanted is ${quote(wanted.data)}`);
  if (!/ [~-]all(?: |$)/i.test(found) && !/ redirect=/i.test(found))
    return make('warning', `says nothing about other senders: it is ${quote(found)}, wanted is ${quote(wanted.data)}`);
  return make('ok', `is another than ours; what counts is whether our addresses pass: ${quote(found)}`, null);
}

/** Judges a DKIM key record by its key, hash list and flags (RFC 6376 §3.6.1); other differences do no harm. */
function judgeDkim(wanted: WantedText, found: string, make: Make): Finding {
  const tags = tagsOf(found);
  // RFC 6376 §3.6.1: an empty p means that the key has been revoked.
  if ((tags.get('p') ?? '') === '') return make('error', `the key is revoked (empty p): it is ${quote(found)}`);
  const differing = differingTags(wanted.data, found, { v: 'DKIM1', k: 'rsa' });
  if (differing.includes('p') || differing.includes('k'))
    return make('error', `has another key than ours: it is ${quote(found)}, wanted is ${quote(wanted.data)}`);
  const hashes = tags.get('h')?.toLowerCase().split(':') ?? ['sha256'];
  if (!hashes.some((hash) => hash.trim() === 'sha256'))
    return make('error', `does not allow SHA-256, with which we sign: it is ${quote(found)}`);
  // RFC 6376 §3.6.1: with t=y, verifiers MUST NOT treat the mail differently from unsigned mail.
  if (tags.get('t')?.split(':').includes('y') === true)
    return make('warning', `is marked as a test (t=y), so receivers may ignore it: it is ${quote(found)}`);
  if (differing.length === 0) return make('ok', `is right: ${quote(found)}`, null);
  return make('note', `has our key, but differs in ${differing.join(', ')}: it is ${quote(found)}`);
}

/**
 * Finds the policy that a domain without one inherits; null when there is none.
 * deviates: RFC 7489 §6.6.3 asks for the Organizational Domain, which needs the list of public suffixes; here the nearest domain with a policy counts.
 */
async function inheritedDmarc(
  { name }: WantedText,
  { domain }: DomainFacts,
  resolver: Resolver,
): Promise<{ readonly from: string; readonly text: string } | null> {
  if (name !== `_dmarc.${domain}`) return null;
  const labels = domain.split('.');
  for (let i = 1; i < labels.length - 1; i += 1) {
    const from = labels.slice(i).join('.');
    const answer = await resolver.query(`_dmarc.${from}`, 'TXT');
    const text = answer.kind === 'found' ? answer.records.find((record) => marks.dmarc?.test(record)) : undefined;
    if (text !== undefined) return { from, text };
  }
  return null;
}

/** Policies (RFC 7489 §6.3), the strictest last. */
const policies: readonly string[] = ['none', 'quarantine', 'reject'];

/** Judges a DMARC record: the owner may choose a stricter policy than ours, and who gets the reports. */
function judgeDmarc(wanted: WantedText, found: string, make: Make): Finding {
  const tags = tagsOf(found);
  const ours = tagsOf(wanted.data);
  // A record by which another domain accepts our reports has no policy (RFC 7489 §7.1).
  if (!ours.has('p')) return make('ok', `is right: ${quote(found)}`, null);
  const policy = tags.get('p')?.toLowerCase() ?? '';
  const level = levelOf(wanted.importance);
  if (!policies.includes(policy))
    return make('error', `has no valid policy p, so it counts for nothing: it is ${quote(found)}`);
  const rua = ours.get('rua')?.toLowerCase();
  const uris = (tags.get('rua') ?? '')
    .toLowerCase()
    .split(',')
    .map((uri) => uri.trim().replace(/!\d+[kmgt]?$/, ''));
  if (rua !== undefined && !tags.has('rua'))
    return make(level, `does not ask for reports: it is ${quote(found)}, wanted is ${quote(wanted.data)}`);
  if (policies.indexOf(policy) < policies.indexOf(ours.get('p') ?? ''))
    return make(level, `has the policy ${policy}, not ${ours.get('p') ?? ''}: it is ${quote(found)}`);
  if (rua !== undefined && !uris.includes(rua))
    return make('note', `sends reports elsewhere than to us: it is ${quote(found)}, wanted is ${quote(wanted.data)}`);
  return make('ok', `has our policy, or a stricter one: ${quote(found)}`, null);
}

/** Evaluates the published SPF record of the domain for every outgoing address, and reports the term that decided. */
export async function checkSpfCoverage(facts: DomainFacts, resolver: Resolver): Promise<Finding[]> {
  const answer = await resolver.query(facts.domain, 'TXT');
  // Reported already where the record itself is compared.
  if (answer.kind !== 'found' || spfRecords(answer.records).length !== 1) return [];
  return await Promise.all(
    outgoingIps(facts).map(async ({ ip }): Promise<Finding> => {
      const { result, matched, reason } = await evaluateSpf(ip, facts.domain, resolver);
      const isElsewhere = !facts.ips.includes(ip);
      const subject = isElsewhere ? `${ip} (of a transport)` : ip;
      const because = matched ?? reason ?? 'nothing matched';
      if (result === 'pass') {
        return { area: 'spf', level: 'ok', subject, sentence: `may send for ${facts.domain}: ${because}`, fix: null };
      }
      const isUnknown = result === 'temperror';
      const sentence = `SPF of ${facts.domain} says ${result}: ${because}`;
      const fix = isUnknown ? todo('ask again') : spfFix(result, because, ip, facts.domain);
      return { area: 'spf', level: isUnknown ? 'warning' : 'error', subject, sentence, fix };
    }),
  );
}

/** Suggests a fix. A record with a mistake gives permerror, regardless of what is added to it (RFC 7208 §2.6.7). */
function spfFix(result: string, because: string, ip: string, domain: string): Finding['fix'] {
  if (result !== 'permerror') return todo(`add ${mechanism(ip)} to the SPF record of ${domain}`);
  return todo(`correct the SPF record of ${domain}, or the one that it includes: ${because}`);
}

function quote(text: string): string {
  return `"${text}"`;
}
