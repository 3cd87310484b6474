import type { Resolver } from '#ports/resolver';
import type { DomainFacts } from './facts.ts';
import { levelOf, notLookedUp, publish, todo, type Finding, type Level } from './finding.ts';
import { recordText } from './record-text.ts';
import { checkText } from './check-texts.ts';
import type { RecordData, WantedRecord } from './wanted.ts';

/** Compares every wanted record with DNS; records of one name and type are compared together. */
export async function checkRecords(
  wanted: readonly WantedRecord[],
  facts: DomainFacts,
  resolver: Resolver,
): Promise<Finding[]> {
  const groups = [...Map.groupBy(wanted, ({ name, type, area }) => `${area} ${type} ${name}`).values()];
  const checks = groups.map((group) => checkGroup(group, facts, resolver));
  return (await Promise.all([...checks, checkOtherFamily(facts, resolver)])).flat();
}

/** Addresses of a kind that the mail host should not have at all: others would connect there. */
async function checkOtherFamily({ mailHost, ips }: DomainFacts, resolver: Resolver): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [type, isOurs] of [
    ['A', ips.some((ip) => !ip.includes(':'))],
    ['AAAA', ips.some((ip) => ip.includes(':'))],
  ] as const) {
    if (isOurs) continue;
    const answer = await resolver.query(mailHost, type);
    if (answer.kind !== 'found') continue;
    const found = answer.records.join(' and ');
    const sentence = `has addresses that are not ours: ${found}`;
    const fix = todo(`remove ${found}, or name the address in the configuration`);
    findings.push({ area: 'host', level: 'error', subject: `${mailHost} ${type}`, sentence, fix });
  }
  return findings;
}

async function checkGroup(group: readonly WantedRecord[], facts: DomainFacts, resolver: Resolver): Promise<Finding[]> {
  const [first] = group;
  if (first === undefined) return [];
  switch (first.type) {
    case 'TXT':
      return [await checkText(first, facts, resolver)];
    case 'CNAME':
      return [await checkAlias(first, facts, resolver)];
    case 'MX':
      return await checkMx(first, facts, resolver);
    case 'CAA':
      return [await checkCaa(first, resolver)];
    default:
      return await checkSet(group, first, resolver);
  }
}

/** Addresses, SRV and TLSA: all wanted are there, and what else is. */
async function checkSet(group: readonly WantedRecord[], first: WantedRecord, resolver: Resolver): Promise<Finding[]> {
  const { area, name, type, importance } = first;
  const subject = `${name} ${type}`;
  const answer = await resolver.query(name, type);
  if (answer.kind === 'failed') return [notLookedUp(area, subject, answer.why)];
  const found = answer.kind === 'found' ? answer.records.map((data) => textOf(type, data)) : [];
  const values = group.map(({ value }) => value);
  const isSrvOff = type === 'SRV' && group.every(({ value }) => value.endsWith(' .'));
  const extra = found.filter((value) => !isAmong(type, value, values));
  const findings: Finding[] = group.map((wanted): Finding => {
    const base = { area, subject, fix: publish(wanted) };
    if (found.some((value) => isAmong(type, value, [wanted.value])))
      return { ...base, level: 'ok', sentence: `is right: ${wanted.value}`, fix: null };
    if (found.length === 0) return { ...base, level: levelOf(importance), sentence: `is missing. ${wanted.why}` };
    const level: Level = isSrvOff ? 'warning' : levelOf(importance);
    return { ...base, level, sentence: `is wrong: it is ${found.join(' and ')}, wanted is ${wanted.value}` };
  });
  const hasRight = extra.length < found.length;
  if (extra.length > 0 && hasRight) {
    const sentence = `has records that are not ours: ${extra.join(' and ')}`;
    findings.push({ area, level: 'warning', subject, sentence, fix: todo(`remove ${extra.join(' and ')}`) });
  }
  return findings;
}

/** Whether a value is one of these; priorities and weights of SRV are the owner's to choose. */
function isAmong(type: string, value: string, values: readonly string[]): boolean {
  const key = (text: string): string => (type === 'SRV' ? text.replace(/^\d+ \d+ /, '') : text).toLowerCase();
  return values.some((wanted) => key(wanted) === key(value));
}

async function checkMx(wanted: WantedRecord, facts: DomainFacts, resolver: Resolver): Promise<Finding[]> {
  const { area, name } = wanted;
  const subject = `${name} MX`;
  const answer = await resolver.query(name, 'MX');
  if (answer.kind === 'failed') return [notLookedUp(area, subject, answer.why)];
  const make = (level: Level, sentence: string, fix: Finding['fix']): Finding => ({
    area,
    level,
    subject,
    sentence,
    fix,
  });
  if (answer.kind === 'absent') {
    const sentence = answer.why === 'nxdomain' ? 'the domain does not exist' : `is missing. ${wanted.why}`;
    return [make('error', sentence, publish(wanted))];
  }
  if (answer.records.some(({ exchange }) => exchange === ''))
    return [make('error', 'says that the domain takes no mail (null MX, RFC 7505)', publish(wanted))];
  const hosts = answer.records.map(({ exchange }) => exchange.toLowerCase());
  const others = hosts.filter((host) => host !== facts.mailHost);
  const findings: Finding[] = [];
  if (others.length === hosts.length)
    findings.push(
      make('error', `leads elsewhere: it is ${hosts.join(', ')}, wanted is ${facts.mailHost}`, publish(wanted)),
    );
  else findings.push(make('ok', `names ${facts.mailHost}`, null));
  if (others.length > 0 && others.length < hosts.length) {
    const fix = todo('see to it that they know all addresses of the domain, or remove them');
    findings.push(make('note', `names other hosts as well: ${others.join(', ')}`, fix));
  }
  if (hosts.includes(facts.mailHost)) {
    const alias = await resolver.query(facts.mailHost, 'CNAME');
    if (alias.kind === 'found')
      // RFC 2181 §10.3
      findings.push(
        make(
          'error',
          `${facts.mailHost} is an alias (CNAME), which an MX record must not name`,
          todo('give the host address records'),
        ),
      );
  }
  return findings;
}

/** An alias, or addresses of its own that are ours as well. */
async function checkAlias(wanted: WantedRecord, facts: DomainFacts, resolver: Resolver): Promise<Finding> {
  const { area, name, importance } = wanted;
  const subject = `${name} CNAME`;
  const [alias, ip4, ip6] = await Promise.all([
    resolver.query(name, 'CNAME'),
    resolver.query(name, 'A'),
    resolver.query(name, 'AAAA'),
  ]);
  if (alias.kind === 'failed') return notLookedUp(area, subject, alias.why);
  const target = alias.kind === 'found' ? (alias.records[0] ?? '') : null;
  if (target !== null && `${target}.` === wanted.value)
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

/** RFC 8659 §4.2: other issue records without ours forbid our authority; RFC 8657 §3: accounturi limits it to an account. */
async function checkCaa(wanted: WantedRecord, resolver: Resolver): Promise<Finding> {
  const { area, name, value } = wanted;
  const subject = `${name} CAA`;
  const answer = await resolver.query(name, 'CAA');
  if (answer.kind === 'failed') return notLookedUp(area, subject, answer.why);
  const issue = answer.kind === 'found' ? answer.records.filter(({ tag }) => tag.toLowerCase() === 'issue') : [];
  const make = (level: Level, sentence: string): Finding => ({ area, level, subject, sentence, fix: publish(wanted) });
  if (issue.length === 0) return make('note', `is missing. ${wanted.why}`);
  const found = issue.map((data) => recordText({ type: 'CAA', data }));
  if (found.includes(value)) return { ...make('ok', `is right: ${value}`), fix: null };
  const issuer = wanted.type === 'CAA' ? issuerOf(wanted.data.value) : '';
  const ours = issue.find((data) => issuerOf(data.value) === issuer);
  if (ours === undefined)
    return make('error', `forbids our authority ${issuer}: it is ${found.join(' and ')}, wanted is ${value}`);
  const account = /accounturi\s*=/i.test(ours.value);
  return make(
    account ? 'error' : 'note',
    `names ${account ? 'another account' : 'no account'}: it is ${found.join(' and ')}, wanted is ${value}`,
  );
}

function issuerOf(value: string): string {
  return (value.split(';', 1)[0] ?? '').trim().toLowerCase();
}

/** Data of a record that was asked for by this type. */
function textOf(type: RecordData['type'], data: unknown): string {
  return recordText({ type, data } as RecordData);
}
