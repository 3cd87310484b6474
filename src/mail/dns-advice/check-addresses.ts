import { lookupFailureText } from '#lib/dns';
import { isLoopback, isPrivate, parseIp, reverseName } from '#lib/domain';
import type { Resolver } from '#ports/resolver';
import { outgoingIps, type DomainFacts } from './facts.ts';
import { about, notLookedUp, type Finding } from './finding.ts';
import type { CheckLimits } from './limits.ts';

/** Checks the reverse DNS of every outgoing address: it must exist, be confirmed by forward DNS, and be the name that we use in EHLO. */
export async function checkReverse(facts: DomainFacts, resolver: Resolver, limits: CheckLimits): Promise<Finding[]> {
  return await Promise.all(outgoingIps(facts).map((address) => checkPtr(address, facts, resolver, limits)));
}

/** The address of a transport cannot have the name of the mail host: its forward direction would lead incoming mail there. */
function renaming(isElsewhere: boolean, ehloName: string, mailHost: string): string {
  const where = 'where you rent the address, or ask its provider';
  if (!isElsewhere) return `set its PTR record to ${ehloName} ${where}`;
  return ehloName === mailHost
    ? `give it a name of its own ${where}, and set that as remoteHostname (socks) or hostname (direct) of the transport`
    : `set its PTR record to ${ehloName} ${where}, or name it in the transport as its PTR record does`;
}

async function checkPtr(
  { ip, ehloName }: { readonly ip: string; readonly ehloName: string },
  { ips, mailHost }: DomainFacts,
  resolver: Resolver,
  limits: CheckLimits,
): Promise<Finding> {
  const make = about('reverse', ip);
  const parsed = parseIp(ip);
  if (!parsed.ok) return make('error', 'is no IP address', 'correct it in the configuration');
  if (isPrivate(parsed.value) || isLoopback(parsed.value))
    return make('error', 'is no public address', 'name the address that other servers see');
  const ask = renaming(!ips.includes(ip), ehloName, mailHost);
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
    const back = names.includes(ehloName)
      ? `publish ${ehloName}. ${type} ${parsed.value.text}: its PTR record is right, the address record is missing`
      : ask;
    return make('error', `is named ${names.join(', ')}, which does not lead back to it`, back);
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

/**
 * Reports whether block lists contain our addresses. A list is not believed unless it has its test entry 127.0.0.2 (MUST contain) and lacks
 * 127.0.0.1 (MUST NOT contain, RFC 5782 §5).
 */
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
  const [listed, free] = await Promise.all([lookUp('127.0.0.2', zone, resolver), lookUp('127.0.0.1', zone, resolver)]);
  const notAsked = 'leave the list out, or ask through a resolver of your own: lists often refuse public ones';
  if (listed.kind !== 'listed' || free.kind !== 'free') {
    const why =
      listed.kind === 'failed' ? listed.why : 'its test entries (RFC 5782 section 5) are not as they should be';
    return [about('dnsbl', zone)('note', `does not work for us: ${why}`, notAsked)];
  }
  return await Promise.all(
    outgoingIps(facts).map(async ({ ip }) => {
      const found = await lookUp(ip, zone, resolver);
      const make = about('dnsbl', ip);
      if (found.kind === 'failed') return make('note', `could not be looked up in ${zone}: ${found.why}`, notAsked);
      if (found.kind === 'free') return make('ok', `is not listed by ${zone}`, null);
      const text = found.text === '' ? '' : `: ${found.text}`;
      return make(
        'error',
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

/** Looks up an address in a block list: its reversed octets or nibbles below the zone (RFC 5782 §2.1, §2.4), an A record in 127.0.0.0/8 if listed. */
async function lookUp(ip: string, zone: string, resolver: Resolver): Promise<Listing> {
  const parsed = parseIp(ip);
  if (!parsed.ok) return { kind: 'failed', why: 'no IP address' };
  const name = `${reverseName(parsed.value).replace(/\.(?:in-addr|ip6)\.arpa$/, '')}.${zone}`;
  const answer = await resolver.query(name, 'A');
  if (answer.kind === 'failed') return { kind: 'failed', why: lookupFailureText(answer.why) };
  if (answer.kind === 'absent') return { kind: 'free' };
  const codes = answer.records.filter((code) => code.startsWith('127.'));
  // Lists answer with 127.255.255.0/24 when they refuse this resolver.
  if (codes.length === 0 || codes.some((code) => code.startsWith('127.255.255.')))
    return { kind: 'failed', why: `the list answers ${answer.records.join(', ')}, which is no listing` };
  const text = await resolver.query(name, 'TXT');
  return { kind: 'listed', codes, text: text.kind === 'found' ? text.records.join(' / ') : '' };
}
