import type { Command } from 'commander';
import type { DnsCheckOptions, DnsRecordsOptions } from './commands/dns.ts';
import { inFolder, type Runner } from './program-options.ts';

/** Adds the commands about DNS. */
export function addDnsCommands(godwit: Command, run: Runner): void {
  const dns = godwit.command('dns').description('tell what DNS should hold for a domain, and check what it holds');
  inFolder(
    dns
      .command('records')
      .description('print the records to publish, as text of a zone file that says what each is for'),
  )
    .argument('<domain>', 'a domain of domains.yaml')
    .option('--form', 'print name, type and value of each record, for forms of DNS providers')
    .option('--json', 'print JSON')
    .action(async (domain: string, options: DnsRecordsOptions) =>
      run((await import('./commands/dns.ts')).dnsRecords(domain, options)),
    );
  inFolder(
    dns
      .command('check')
      .description('compare DNS with what it should hold and try the mail hosts; ends with 1 when there are problems'),
  )
    .argument('<domain>', 'a domain of domains.yaml')
    .option('--dnsbl <zone...>', 'block lists to look for our addresses in, such as bl.example.org')
    .option('--no-probe', 'do not connect to port 25 of the mail hosts')
    .option('--json', 'print JSON')
    .action(async (domain: string, options: DnsCheckOptions) =>
      run((await import('./commands/dns.ts')).dnsCheck(domain, options)),
    );
}
