import { writeReport, type DomainRecords } from '#mail/dns-advice';
import { callServer } from '../connection.ts';
import { configFolder } from '../folder.ts';
import type { FolderOptions } from '../program-options.ts';
import { plain, print, printJson } from '../terminal.ts';

/** Options of `dns records`. */
export interface DnsRecordsOptions extends FolderOptions {
  readonly json?: boolean;
  readonly form?: boolean;
}

/** Options of `dns check`. */
export interface DnsCheckOptions extends FolderOptions {
  readonly json?: boolean;
  readonly dnsbl?: readonly string[];
  /** False with `--no-probe`. */
  readonly probe: boolean;
}

/** Prints what DNS should hold for a domain. @returns the exit code. */
export async function dnsRecords(domain: string, options: DnsRecordsOptions): Promise<number> {
  const wanted = await callServer(configFolder(options), 'dns.records', { domain });
  if (options.json === true) printJson(wanted);
  else if (options.form === true) print(...formLines(wanted));
  else print(wanted.zone.trimEnd());
  return 0;
}

/** Compares DNS with what it should hold. @returns the exit code: 1 when there is an error among the findings. */
export async function dnsCheck(domain: string, options: DnsCheckOptions): Promise<number> {
  const { dnsbl, probe, json } = options;
  const report = await callServer(configFolder(options), 'dns.check', { domain, dnsbl, probe });
  if (json === true) printJson(report);
  else print(...writeReport(report));
  return report.ok ? 0 : 1;
}

/** Records to publish now, in the pieces that forms of providers ask for: long texts are in one. */
function formLines({ records }: DomainRecords): string[] {
  return records
    .filter(({ importance }) => importance !== 'later')
    .flatMap(({ name, type, value, why, importance }, i) => [
      ...(i === 0 ? [] : ['']),
      `name   ${plain(name)}`,
      `type   ${type}`,
      `value  ${plain(value)}`,
      `       (${importance}: ${plain(why)})`,
    ]);
}
