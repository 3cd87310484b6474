import { isLoopback, isPrivate, parseIp } from '#lib/domain';
import type { Resolver } from '#ports/resolver';
import { checkCaa } from './check-caa.ts';
import { checkMx } from './check-mx.ts';
import { checkText } from './check-texts.ts';
import type { DomainFacts } from './facts.ts';
import { about, levelOf, notLookedUp, publish, todo, type Finding, type Level } from './finding.ts';
import type { CheckLimits } from './limits.ts';
import { recordText, type RecordData } from './record-text.ts';
import type { WantedRecord } from './wanted-record.ts';

/** Compares all wanted records with DNS. Records of one name and type are compared together. */
export async function checkRecords(
  wanted: readonly WantedRecord[],
  facts: DomainFacts,
  resolver: Resolver,
  limits: CheckLimits,
): Promise<Finding[]> {
  const groups = [...Map.groupBy(wanted, ({ name, type, area }) => `${area} ${type} ${name}`).values()];
  const checks = groups.map((group) => checkGroup(group, facts, resolver, limits));
  return (await Promise.all([...checks, checkOtherFamily(facts, resolver)])).flat();
}

/** Checks for addresses of a family of which the mail host should have none: other servers would connect there. */
async function checkOtherFamily({ mailHost, ips }: DomainFacts, resolver: Resolver): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [type, isOurs] of [
    ['A', ips.some((ip) => !ip.includes(':'))],
    ['AAAA', ips.some((ip) => ip.includes(':'))],
  ] as const) {
    if (isOurs) continue;
    const answer = await resolver.query(mailHost, type);
    const others = answer.kind === 'found' ? answer.records.filter(isReachable) : [];
    if (others.length === 0) continue;
    const found = others.join(' and ');
    const make = about('host', `${mailHost} ${type}`);
    const fix = `remove ${found}, or name the address in addresses of a listener`;
    findings.push(make('error', `has addresses that are not ours: ${found}`, fix));
  }
  return findings;
}

/** Reports whether an address is public. Private ones may be the inside view of a split DNS, whose outside may be right. */
function isReachable(ip: string): boolean {
  const parsed = parseIp(ip);
  return parsed.ok && !isPrivate(parsed.value) && !isLoopback(parsed.value);
}

async function checkGroup(
  group: readonly WantedRecord[],
  facts: DomainFacts,
  resolver: Resolver,
  limits: CheckLimits,
): Promise<Finding[]> {
  const [first] = group;
  if (first === undefined) return [];
  if (first.importance === 'later') return [await checkEarly(first, resolver)];
  switch (first.type) {
    case 'TXT':
      return [await checkText(first, facts, resolver)];
    case 'CNAME':
      return [await checkAlias(first, facts, resolver)];
    case 'MX':
      return await checkMx(first, facts, resolver, limits);
    case 'CAA':
      return [await checkCaa(first, facts, resolver)];
    default:
      return await checkSet(group, first, facts, resolver);
  }
}

/** Checks that a record for a service that we do not offer yet is absent, unless another server answers there. */
async function checkEarly({ area, name, type }: WantedRecord, resolver: Resolver): Promise<Finding> {
  const subject = `${name} ${type}`;
  // The operator of such a server may have published addresses instead of an alias.
  const answers = await Promise.all(
    (type === 'CNAME' ? (['A', 'AAAA'] as const) : [type]).map((each) => resolver.query(name, each)),
  );
  const make = about(area, subject);
  if (answers.some(({ kind }) => kind === 'found')) {
    const fix = 'see to it that another web server answers there, or remove it';
    return make('note', 'is there, but this server does not serve what it leads to yet', fix);
  }
  const failed = answers.find((answer) => answer.kind === 'failed');
  if (failed !== undefined) return notLookedUp(area, subject, failed.why, 'note');
  return make('ok', 'is not there, which is right: this server does not serve what it leads to yet', null);
}

/** Checks a set of address, SRV or TLSA records: which wanted ones are missing, and which others exist. */
async function checkSet(
  group: readonly WantedRecord[],
  first: WantedRecord,
  { mailHost }: DomainFacts,
  resolver: Resolver,
): Promise<Finding[]> {
  const { area, name, type, importance } = first;
  const subject = `${name} ${type}`;
  const answer = await resolver.query(name, type);
  if (answer.kind === 'failed') return [notLookedUp(area, subject, answer.why, levelOf(importance))];
  const found = answer.kind === 'found' ? answer.records.map((data) => textOf(type, data)) : [];
  const values = group.map(({ value }) => value);
  const isOff = type === 'SRV' && group.every(({ value }) => value.endsWith(' .'));
  // A record that says that a service is not offered is optional.
  if (found.length === 0 && isOff) return [];
  // RFC 7672 §2.2: unsigned TLSA records are not used, so their absence does no harm.
  const isIdle = type === 'TLSA' && !answer.authentic;
  // No host connects to a name that only sends: it may have more addresses than we use.
  const isSending = area === 'host' && name !== mailHost;
  const extra = found.filter((value) => !isAmong(type, value, values));
  const findings: Finding[] = group.map((wanted): Finding => {
    const base = { area, subject, fix: publish(wanted) };
    if (found.some((value) => isAmong(type, value, [wanted.value])))
      return { ...base, level: 'ok', sentence: `is right: ${wanted.value}`, fix: null };
    const level: Level = isIdle ? 'note' : isOff ? 'warning' : levelOf(importance);
    if (found.length === 0) return { ...base, level, sentence: `is missing. ${wanted.why}` };
    return { ...base, level, sentence: `is wrong: it is ${found.join(' and ')}, wanted is ${wanted.value}` };
  });
  const hasRight = extra.length < found.length;
  if (extra.length > 0 && hasRight && !isSending) {
    // RFC 7671 §8.1: the TLSA record of the next key is published before the key is used.
    const [level, fix]: readonly [Level, string] =
      type === 'TLSA'
        ? ['note', 'remove those of keys that were in use before']
        : ['warning', `remove ${extra.join(' and ')}`];
    const sentence = `has records that are not ours: ${extra.join(' and ')}`;
    findings.push({ area, level, subject, sentence, fix: todo(fix) });
  }
  return findings;
}

/** Reports whether a value is one of these; the owner may choose other priorities and weights of SRV records. */
function isAmong(type: string, value: string, values: readonly string[]): boolean {
  const key = (text: string): string => (type === 'SRV' ? text.replace(/^\d+ \d+ /, '') : text).toLowerCase();
  return values.some((wanted) => key(wanted) === key(value));
}

/** Checks an alias; addresses of ours in its place are as good. */
async function checkAlias(wanted: WantedRecord, facts: DomainFacts, resolver: Resolver): Promise<Finding> {
  const { area, name, importance } = wanted;
  const subject = `${name} CNAME`;
  const [alias, ip4, ip6] = await Promise.all([
    resolver.query(name, 'CNAME'),
    resolver.query(name, 'A'),
    resolver.query(name, 'AAAA'),
  ]);
  if (alias.kind === 'failed') return notLookedUp(area, subject, alias.why, levelOf(importance));
  const target = alias.kind === 'found' ? (alias.records[0] ?? '') : null;
  if (target !== null && `${target.toLowerCase()}.` === wanted.value)
    return { area, level: 'ok', subject, sentence: `is right: ${wanted.value}`, fix: null };
  const addresses = [ip4, ip6].flatMap((answer) => (answer.kind === 'found' ? answer.records : []));
  const fix = publish(wanted);
  if (addresses.length === 0 && target === null)
    return { area, level: levelOf(importance), subject, sentence: `is missing. ${wanted.why}`, fix };
  if (addresses.length > 0 && addresses.every((ip) => facts.ips.includes(ip)))
    return { area, level: 'ok', subject, sentence: `has our addresses: ${addresses.join(', ')}`, fix: null };
  const found = target === null ? addresses.join(', ') : `${target}.`;
  const sentence = `is wrong: it is ${found}, wanted is ${wanted.value}`;
  return { area, level: levelOf(importance), subject, sentence, fix };
}

/** Returns the text of a record of this type. */
function textOf(type: RecordData['type'], data: unknown): string {
  return recordText({ type, data } as RecordData);
}
