import { isNoResolver, type Finding, type Level } from './finding.ts';
import { areas, type Area } from './wanted-record.ts';

/** A check as JSON. */
export interface DomainReportJson {
  readonly domain: string;
  /** True when there are no errors, regardless of warnings and notes. */
  readonly ok: boolean;
  /** Summary in one sentence. */
  readonly verdict: string;
  readonly counts: Readonly<Record<Level, number>>;
  /** Worst first. */
  readonly findings: readonly Finding[];
}

const titles: Readonly<Record<Area, string>> = {
  host: 'Mail host',
  mx: 'MX',
  smtp: 'Connecting to the mail hosts',
  reverse: 'Names of the addresses that mail goes out from',
  dnsbl: 'Block lists',
  spf: 'SPF',
  dkim: 'DKIM',
  dmarc: 'DMARC',
  dnssec: 'DNSSEC',
  tlsa: 'DANE',
  'mta-sts': 'MTA-STS',
  'tls-rpt': 'TLS reports',
  srv: 'Mail programs (SRV)',
  autoconfig: 'Mail programs (automatic settings)',
  caa: 'Certificates (CAA)',
};
const marks: Readonly<Record<Level, string>> = { error: 'ERROR', warning: 'warn ', note: 'note ', ok: 'ok   ' };
const maxSentenceChars = 1000;
/** Longest fix. A record to publish must not be cut: a key has a few thousand characters. */
const maxFixChars = 20_000;

/**
 * Writes a check as text for people: the verdict, then a group for each area with a line for each finding and its fix indented below.
 * Text from DNS is shown as printable ASCII, so that it can neither move the cursor nor look like a line of ours.
 */
export function writeReport({ verdict, findings }: DomainReportJson): string[] {
  return [verdict, '', ...writeFindings(findings)];
}

/** Writes the lines of a report as `writeReport` does, without the verdict. */
export function writeFindings(findings: readonly Finding[]): string[] {
  const lines: string[] = [];
  for (const area of areas) {
    const group = findings.filter((finding) => finding.area === area);
    if (group.length === 0) continue;
    if (lines.length > 0) lines.push('');
    lines.push(titles[area]);
    for (const { level, subject, sentence, fix } of group) {
      lines.push(`  ${marks[level]}  ${ascii(`${subject}: ${sentence}`)}`);
      if (fix !== null)
        lines.push(
          `         ${fix.kind === 'publish' ? 'publish: ' : 'do: '}${ascii(fix.kind === 'publish' ? fix.record : fix.text, maxFixChars)}`,
        );
    }
  }
  return lines;
}

/** Converts a check to plain values for JSON, whose writer escapes text from DNS. */
export function reportJson(domain: string, findings: readonly Finding[]): DomainReportJson {
  const counts = countsOf(findings);
  return { domain, ok: counts.error === 0, verdict: verdictOf(domain, counts, findings), counts, findings };
}

function verdictOf(
  domain: string,
  { error, warning }: Readonly<Record<Level, number>>,
  findings: readonly Finding[],
): string {
  if (findings.some(isNoResolver)) return `${domain} could not be checked, as nothing can be looked up.`;
  const warnings = plural(warning, 'warning');
  if (error > 0) return `${domain} has ${plural(error, 'problem')}${warning === 0 ? '' : ` and ${warnings}`}.`;
  if (warning > 0) return `${domain} works, with ${warnings}.`;
  return `${domain} is set up well.`;
}

function countsOf(findings: readonly Finding[]): Record<Level, number> {
  const counts = { error: 0, warning: 0, note: 0, ok: 0 };
  for (const { level } of findings) counts[level] += 1;
  return counts;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? '' : 's'}`;
}

/** Converts text to printable ASCII on one line, with other characters as `\u{…}`; cuts long text. */
function ascii(text: string, maxChars = maxSentenceChars): string {
  const cut = text.length > maxChars ? `${text.slice(0, maxChars)}...` : text;
  return cut.replaceAll(/[^\x20-\x7e]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
