import { isLoopback, isPrivate, parseIp, reverseName } from '#lib/domain';
import type { Resolver } from '#ports/resolver';
import { outgoingIps, type DomainFacts } from './facts.ts';
import { notLookedUp, todo, type Finding, type Level } from './finding.ts';
import type { CheckLimits } from './limits.ts';

/** Reverse DNS of every outgoing address: there, confirmed by the forward direction, and the name that we say in EHLO. */
export async function checkReverse(facts: DomainFacts, resolver: Resolver, limits: CheckLimits): Promise<Finding[]> {
  return await Promise.all(outgoingIps(facts).map(({ ip, ehloName }) => checkPtr(ip, ehloName, resolver, limits)));
}

async function checkPtr(ip: string, ehloName: string, resolver: Resolver, limits: CheckLimits): Promise<Finding> {
  const make = (level: Level, sentence: string, fix: string | null): Finding => ({
    area: 'reverse',
    level,
    subject: ip,
    sentence,
    fix: fix === null ? null : todo(fix),
  });
  const parsed = parseIp(ip);
  if (!parsed.ok) return make('error', 'is no IP address', 'correct it in the configuration');
  if (isPrivate(parsed.value) || isLoopback(parsed.value))
    return make('error', 'is no public address', 'name the address that other servers see');
  const ask = `ask the provider of the address to set its PTR record to ${ehloName}`;
  const answer = await resolver.query(reverseName(parsed.value), 'PTR');
  if (answer.kind === 'failed') return notLookedUp('reverse', `${ip} PTR`, answer.why);
  if (answer.kind === 'absent') return make('error', 'has no name (PTR): many servers take no mail from it', ask);
  const names = answer.records.slice(0, limits.maxPtrNames).map((name) => name.toLowerCase());
  const type = parsed.value.family === 4 ? 'A' : 'AAAA';
  const forward = await Promise.all(names.map((name) => resolver.query(name, type)));
  const confirmed = names.filter((_, i) => {
    const back = forward[i];
    return back?.kind === 'found' && back.records.some((text) => sameIp(text, parsed.value.text));
  });
  if (confirmed.length === 0) {
    const failed = forward.find((back) => back.kind === 'failed');
    if (failed !== undefined) return notLookedUp('reverse', `${names.join(', ')} ${type}`, failed.why);
    return make('error', `is named ${names.join(', ')}, which does not lead back to it`, ask);
  }
  if (!confirmed.includes(ehloName))
    return make('warning', `is named ${confirmed.join(', ')}, but we say ${ehloName} in EHLO`, ask);
  const others = names.length > 1 ? `, among ${names.length} names` : '';
  return make(names.length > 1 ? 'note' : 'ok', `is named ${ehloName}, which leads back to it${others}`, null);
}

function sameIp(text: string, canonical: string): boolean {
  const parsed = parseIp(text);
  return parsed.ok && parsed.value.text === canonical;
}

/** Whether block lists name our addresses. A list that fails its own test entries (RFC 5782 §5) is not believed. */
export async function checkBlockLists(
  facts: DomainFacts,
  zones: readonly string[],
  resolver: Resolver,
  limits: CheckLimits,
): Promise<Finding[]> {
  const asked = zones.slice(0, limits.maxDnsblZones);
  return (await Promise.all(asked.map((zone) => checkBlockList(facts, zone, resolver)))).flat();
}

async function checkBlockList(facts: DomainFacts, zone: string, resolver: Resolver): Promise<Finding[]> {
  const make = (level: Level, subject: string, sentence: string, fix: string | null): Finding => ({
    area: 'dnsbl',
    level,
    subject,
    sentence,
    fix: fix === null ? null : todo(fix),
  });
  const [listed, free] = await Promise.all([lookUp('127.0.0.2', zone, resolver), lookUp('127.0.0.1', zone, resolver)]);
  const notAsked = 'remove the list, or ask through a resolver of your own: public ones are often refused';
  if (listed.kind !== 'listed' || free.kind !== 'free') {
    const why =
      listed.kind === 'failed' ? listed.why : 'its test entries (RFC 5782 section 5) are not as they should be';
    return [make('note', zone, `does not work for us: ${why}`, notAsked)];
  }
  return await Promise.all(
    outgoingIps(facts).map(async ({ ip }) => {
      const found = await lookUp(ip, zone, resolver);
      if (found.kind === 'failed') return make('note', ip, `could not be looked up in ${zone}: ${found.why}`, null);
      if (found.kind === 'free') return make('ok', ip, `is not listed by ${zone}`, null);
      const text = found.text === '' ? '' : `: ${found.text}`;
      return make(
        'error',
        ip,
        `is listed by ${zone} (${found.codes.join(', ')})${text}`,
        `find out why, and ask ${zone} to remove it`,
      );
    }),
  );
}

type Listing =
  | { readonly kind: 'listed'; readonly codes: readonly string[]; readonly text: string }
  | { readonly kind: 'free' }
  | { readonly kind: 'failed'; readonly why: string };

/** RFC 5782 §2.1, §2.4 */
async function lookUp(ip: string, zone: string, resolver: Resolver): Promise<Listing> {
  const parsed = parseIp(ip);
  if (!parsed.ok) return { kind: 'failed', why: 'no IP address' };
  const name = `${reverseName(parsed.value).replace(/\.(?:in-addr|ip6)\.arpa$/, '')}.${zone}`;
  const answer = await resolver.query(name, 'A');
  if (answer.kind === 'failed') return { kind: 'failed', why: answer.why };
  if (answer.kind === 'absent') return { kind: 'free' };
  const codes = answer.records.filter((code) => code.startsWith('127.'));
  // Lists answer from 127.255.255.0/24 to say that they do not talk to this resolver.
  if (codes.length === 0 || codes.some((code) => code.startsWith('127.255.255.')))
    return { kind: 'failed', why: `the list answers ${answer.records.join(', ')}, which is no listing` };
  const text = await resolver.query(name, 'TXT');
  return { kind: 'listed', codes, text: text.kind === 'found' ? text.records.join(' / ') : '' };
}
