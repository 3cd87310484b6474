import type { Command } from 'commander';
import { inFolder, type FolderOptions, type Runner } from './program-options.ts';

/** What `dns check` is asked for. */
export interface DnsCheckOptions extends FolderOptions {
  readonly json?: boolean;
  readonly dnsbl?: readonly string[];
  /** False with `--no-probe`. */
  readonly probe: boolean;
}

/** Adds the commands about DNS. */
export function addDnsCommands(godwit: Command, run: Runner): void {
  const dns = godwit.command('dns').description('tell what DNS should hold for a domain, and check what it holds');
  inFolder(dns.command('records').description('print the records to publish, with what each is for'))
    .argument('<domain>', 'a domain of domains.yaml')
    .option('--json', 'print JSON')
    .option('--zone', 'print lines of a zone file')
    .action(async (domain: string, options: FolderOptions & { json?: boolean; zone?: boolean }) =>
      run((await import('./commands/dns.ts')).dnsRecords(domain, options)),
    );
  inFolder(
    dns
      .command('check')
      .description('compare DNS with what it should hold and try the mail hosts; exits with 1 when mail is in trouble'),
  )
    .argument('<domain>', 'a domain of domains.yaml')
    .option('--json', 'print JSON')
    .option('--dnsbl <zone...>', 'block lists to look for our addresses in, such as bl.example.org')
    .option('--no-probe', 'do not connect to the mail hosts')
    .action(async (domain: string, options: DnsCheckOptions) =>
      run((await import('./commands/dns.ts')).dnsCheck(domain, options)),
    );
}
