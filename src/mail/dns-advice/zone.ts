import { parseIp, reverseName } from '#lib/domain';
import { outgoingIps, type DomainFacts } from './facts.ts';
import type { Finding } from './finding.ts';
import { zoneLine } from './record-text.ts';
import { writeFindings } from './report.ts';
import { stsPolicyText } from './sts-records.ts';
import { wantedRecords } from './wanted.ts';
import type { Area, Importance, WantedRecord } from './wanted-record.ts';

/** A record as JSON. */
export interface RecordJson {
  readonly name: string;
  readonly type: string;
  readonly value: string;
  readonly why: string;
  readonly importance: Importance;
  readonly area: Area;
  /** Line of a zone file. */
  readonly zone: string;
}

/** Records that DNS should hold for a domain, as plain values. */
export interface DomainRecords {
  readonly domain: string;
  readonly records: readonly RecordJson[];
  /** Reverse DNS names that the providers of our outgoing addresses should set. */
  readonly reverse: readonly { readonly ip: string; readonly name: string }[];
  /** Lines of the MTA-STS policy file that the MTA-STS records announce. */
  readonly stsPolicy: readonly string[];
  /** Remarks on facts that are unknown or assumed. */
  readonly remarks: readonly Finding[];
  /** All of it as a fragment of a zone file. */
  readonly zone: string;
}

/** TTL in seconds, short so that mistakes do not last. */
const ttlS = 300;

/** Returns the records that DNS should hold for a domain, with the caller's remarks. */
export function domainRecords(facts: DomainFacts, remarks: readonly Finding[]): DomainRecords {
  const records = wantedRecords(facts).map((wanted): RecordJson => {
    const { name, type, value, why, importance, area } = wanted;
    return { name, type, value, why, importance, area, zone: zoneLine(wanted, ttlS) };
  });
  const reverse = reverseNames(facts);
  const stsPolicy = stsPolicyText(facts);
  return { domain: facts.domain, records, reverse, stsPolicy, remarks, zone: writeZone(facts, remarks) };
}

/** Writes a fragment of a zone file: absolute names and a TTL on each line, so that it can be pasted anywhere; the rest is comments. */
function writeZone(facts: DomainFacts, remarks: readonly Finding[]): string {
  const { domain, servesWeb } = facts;
  const all = wantedRecords(facts);
  const now = all.filter(({ importance }) => importance !== 'later');
  const [inside = [], outside = []] = [true, false].map((wanted) =>
    now.filter(({ name }) => isWithin(name, domain) === wanted),
  );
  const later = all.filter(({ importance }) => importance === 'later');
  const policy = stsPolicyText(facts).map((line) => `    ${line}`);
  const file = `https://mta-sts.${domain}/.well-known/mta-sts.txt`;
  const sections: readonly (readonly string[])[] = [
    [`; DNS records of ${domain}`, ...linesOf(inside, '')],
    outside.length === 0 ? [] : [`; In other zones than that of ${domain}:`, ...linesOf(outside, '')],
    reverseLines(facts),
    servesWeb
      ? comments([`The MTA-STS policy, ${file}:`, ...policy])
      : comments([
          'For later: this server does not serve MTA-STS policies and settings of mail programs yet. Publish these only when',
          'another web server does at these names;',
          `for MTA-STS it must serve ${file} with a valid certificate and this text:`,
          ...policy,
        ]),
    ...(later.length === 0 ? [] : [linesOf(later, '; ')]),
    remarks.length === 0 ? [] : comments(['What is not known, or was assumed:', '', ...writeFindings(remarks)]),
  ];
  return sections
    .filter(({ length }) => length > 0)
    .map((lines) => `${lines.join('\n')}\n`)
    .join('\n');
}

/** Writes lines of records, with a comment before each group of the same purpose. */
function linesOf(records: readonly WantedRecord[], prefix: string): string[] {
  const lines: string[] = [];
  let told = '';
  for (const wanted of records) {
    const { importance, why } = wanted;
    const comment = `; ${importance}: ${why}`;
    if (comment !== told) lines.push(...(prefix === '' ? [''] : []), comment);
    told = comment;
    lines.push(prefix + zoneLine(wanted, ttlS));
  }
  return lines;
}

/** Returns the wanted reverse names, without addresses of transports that have no EHLO name of their own: the mail host's would not resolve to them. */
function reverseNames(facts: DomainFacts): DomainRecords['reverse'] {
  return outgoingIps(facts)
    .filter(({ ip, ehloName }) => facts.ips.includes(ip) || ehloName !== facts.mailHost)
    .map(({ ip, ehloName }) => ({ ip, name: ehloName }));
}

function reverseLines(facts: DomainFacts): string[] {
  const lines = reverseNames(facts).flatMap(({ ip, name }) => {
    const parsed = parseIp(ip);
    return parsed.ok ? [`    ${ip} is ${name}: ${reverseName(parsed.value)}. IN PTR ${name}.`] : [];
  });
  return lines.length === 0
    ? []
    : comments([
        'must: Names of the addresses that mail goes out from; many servers take no mail from an address without one.',
        'They are not in your zone: set them where you rent the address, or ask its provider.',
        ...lines,
      ]);
}

function comments(lines: readonly string[]): string[] {
  return lines.map((line) => `; ${line}`.trimEnd());
}

/** Reports whether a name is the domain or below it. */
export function isWithin(name: string, domain: string): boolean {
  return name === domain || name.endsWith(`.${domain}`);
}
