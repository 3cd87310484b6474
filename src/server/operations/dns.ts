import { parseDomain } from '#lib/domain';
import { checkDomain, domainRecords, orderFindings, reportJson } from '#mail/dns-advice';
import type { DomainRecords, DomainReportJson } from '#mail/dns-advice';
import type { Dialer } from '#ports/dialer';
import type { Resolver } from '#ports/resolver';
import { gatherFacts, SmtpHostProber, type GatheredFacts } from '#server/dns-advice';
import { Arguments, OperationRefused } from './arguments.ts';
import type { OperationsDeps, OperationTable } from './operations.ts';
import { ownDomain } from './own-domain.ts';

/** Ways to look at ourselves as others see us. */
export interface OutsideView extends Disposable {
  /** Remembers nothing of what was asked before. */
  readonly resolver: Resolver;
  readonly dialer: Dialer;
  /** IP addresses of this machine's networks. */
  readonly ownIps: readonly string[];
}

/** Commands about what DNS holds for a domain. */
export const dnsCommands: OperationTable = { 'dns.records': recordsOperation, 'dns.check': checkOperation };

const maxZones = 10;

/** What DNS should hold. */
async function recordsOperation(deps: OperationsDeps, args: unknown): Promise<DomainRecords> {
  const given = new Arguments(args, ['domain']);
  using outside = deps.lookOutside();
  const { facts, remarks } = await gather(deps, given.text('domain'), outside);
  return domainRecords(facts, remarks);
}

/** How what DNS holds compares, and whether the mail hosts answer. */
async function checkOperation(deps: OperationsDeps, args: unknown): Promise<DomainReportJson> {
  const given = new Arguments(args, ['domain', 'dnsbl', 'probe']);
  const isText = (value: unknown): value is string => typeof value === 'string';
  const lists = given.optionalList('dnsbl', 'names of block lists', isText);
  const dnsblZones = (lists ?? deps.configuration.config.server.dns.blockLists).map(zoneName);
  if (dnsblZones.length > maxZones) throw new OperationRefused(`at most ${maxZones} block lists can be asked`);
  const isProbed = given.optionalFlag('probe') ?? true;
  using outside = deps.lookOutside();
  const { facts, remarks } = await gather(deps, given.text('domain'), outside);
  const { clock, random } = deps;
  const { resolver, dialer } = outside;
  const prober = isProbed ? new SmtpHostProber({ dialer, clock, random, hostname: facts.mailHost }) : null;
  const findings = await checkDomain(facts, { resolver, prober, clock, dnsblZones });
  return reportJson(facts.domain, orderFindings([...findings, ...remarks]));
}

async function gather(deps: OperationsDeps, text: string, outside: OutsideView): Promise<GatheredFacts> {
  const { configuration, files, dkim } = deps;
  const domain = ownDomain(deps, text);
  await dkim.reload();
  return await gatherFacts(domain, {
    ...outside,
    config: configuration.config,
    folder: configuration.folder,
    files,
    dkim: dkim.facts,
  });
}

function zoneName(text: string): string {
  const zone = parseDomain(text);
  if (!zone.ok) throw new OperationRefused(`${text} is no name of a block list: ${zone.reason}`);
  return zone.value.ascii;
}
