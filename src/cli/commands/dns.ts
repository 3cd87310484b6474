import { writeFindings, writeReport, type DomainReportJson } from '#mail/dns-advice';
import type { DomainRecords } from '#server/operations';
import { callServer } from '../connection.ts';
import { configFolder } from '../folder.ts';
import type { DnsCheckOptions } from '../program-dns.ts';
import type { FolderOptions } from '../program-options.ts';
import { plain, print, printJson } from '../terminal.ts';

/** Prints what DNS should hold for a domain. @returns the exit code. */
export async function dnsRecords(
  domain: string,
  options: FolderOptions & { readonly json?: boolean; readonly zone?: boolean },
): Promise<number> {
  const wanted = (await callServer(configFolder(options), 'dns.records', { domain })) as DomainRecords;
  if (options.json === true) printJson(wanted);
  else if (options.zone === true) print(wanted.zone.trimEnd());
  else print(...recordLines(wanted));
  return 0;
}

/** Compares DNS with what it should hold. @returns the exit code: 1 when there is an error among the findings. */
export async function dnsCheck(domain: string, options: DnsCheckOptions): Promise<number> {
  const { dnsbl = [], probe, json } = options;
  const report = (await callServer(configFolder(options), 'dns.check', { domain, dnsbl, probe })) as DomainReportJson;
  if (json === true) printJson(report);
  else print(writeReport(report.domain, report.findings).trimEnd());
  return report.counts.error === 0 ? 0 : 1;
}

/** Each record for a form: name and type, value, and what it is for once for all that are for the same. */
function recordLines({ records, remarks }: DomainRecords): string[] {
  const lines: string[] = [];
  let told = '';
  for (const { name, type, value, why, importance } of records) {
    if (why !== told) lines.push(...(told === '' ? [] : ['']), `${importance}: ${plain(why)}`);
    told = why;
    lines.push(`  ${plain(name)}  ${type}`, `      ${plain(value)}`);
  }
  if (remarks.length > 0) lines.push('', 'What is not known, or was assumed:', '', ...writeFindings(remarks));
  return lines;
}
