import { z } from 'zod';
import type { Files } from '#host/files';
import { parseDomain } from '#lib/domain';
import { checkDomain, domainRecords, orderFindings, reportJson } from '#mail/dns-advice';
import type { Clock } from '#ports/clock';
import type { Dialer } from '#ports/dialer';
import type { Random } from '#ports/random';
import type { Resolver } from '#ports/resolver';
import type { Configuration } from '#server/configuration';
import type { DkimKeys } from '#server/dkim';
import { gatherFacts, SmtpHostProber, type GatheredFacts } from '#server/dns-advice';
import { flag, listOf, OperationRefused, text } from './arguments.ts';
import { defineOperation } from './define-operation.ts';
import { domainRecords as recordsResult, domainReport } from './dns-results.ts';
import { ownDomain } from './named.ts';

/** A view of ourselves from outside. */
export interface OutsideView extends Disposable {
  /** Remembers nothing of what was asked before. */
  readonly resolver: Resolver;
  readonly dialer: Dialer;
  /** IP addresses of this machine's networks. */
  readonly ownIps: readonly string[];
}

interface DnsDeps {
  readonly configuration: Configuration;
  readonly dkim: Pick<DkimKeys, 'facts' | 'reload'>;
  readonly files: Files;
  /** Opens a view of ourselves from outside. @throws OperationRefused where there is none. */
  readonly lookOutside: () => OutsideView;
}

const maxZones = 10;

/** `dns.records`. */
export const dnsRecords = defineOperation({
  name: 'dns.records',
  summary: 'List the records that DNS should hold for a domain, with what each is for',
  permission: 'operator',
  command: 'dns records',
  args: { domain: text('A domain of domains.yaml.') },
  result: recordsResult,
  run: async (deps: DnsDeps, { domain }) => {
    using outside = deps.lookOutside();
    const { facts, remarks } = await gather(deps, domain, outside);
    return domainRecords(facts, remarks);
  },
});

/** `dns.check`. */
export const dnsCheck = defineOperation({
  name: 'dns.check',
  summary: 'Compare DNS with what it should hold, and try the mail hosts',
  permission: 'operator',
  command: 'dns check',
  args: {
    domain: text('A domain of domains.yaml.'),
    dnsbl: listOf(
      'names of block lists',
      (error) => z.string(error),
      `Block lists to look for our addresses in, ${maxZones} at most; those of server.yaml when absent.`,
    ),
    probe: flag('Connect to port 25 of the mail hosts; true when absent.'),
  },
  result: domainReport,
  run: async (
    deps: DnsDeps & { readonly clock: Clock; readonly random: Random },
    { domain, dnsbl, probe: isProbed = true },
  ) => {
    const { clock, random, configuration } = deps;
    const dnsblZones = (dnsbl ?? configuration.config.server.dns.blockLists).map(zoneName);
    if (dnsblZones.length > maxZones) throw new OperationRefused(`at most ${maxZones} block lists can be asked`);
    using outside = deps.lookOutside();
    const { facts, remarks } = await gather(deps, domain, outside);
    const { resolver, dialer } = outside;
    const prober = isProbed ? new SmtpHostProber({ dialer, clock, random, hostname: facts.mailHost }) : null;
    const findings = await checkDomain(facts, { resolver, prober, clock, dnsblZones });
    return reportJson(facts.domain, orderFindings([...findings, ...remarks]));
  },
});

async function gather(deps: DnsDeps, given: string, outside: OutsideView): Promise<GatheredFacts> {
  const { configuration, files, dkim } = deps;
  const domain = ownDomain(deps, given);
  await dkim.reload();
  return await gatherFacts(domain, {
    ...outside,
    config: configuration.config,
    folder: configuration.folder,
    files,
    dkim: dkim.facts,
  });
}

function zoneName(given: string): string {
  const zone = parseDomain(given);
  if (!zone.ok) throw new OperationRefused(`${given} is no name of a block list: ${zone.reason}`);
  return zone.value.ascii;
}
