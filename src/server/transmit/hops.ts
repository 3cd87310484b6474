import { parseIp } from '#lib/domain';
import type { MailHost } from '#mail/destination';
import type { Resolver } from '#ports/resolver';

/** One place to try. */
export interface Hop {
  /** Name of the host, for TLS and for people. */
  readonly name: string;
  /** IP address, or a name that a proxy looks up. */
  readonly address: string;
  readonly port: number;
  /** Own address to connect from; the system chooses without. */
  readonly localAddress?: string;
}

/** Places to try in this order, at least one; or why there are none. */
export type Hops =
  | { readonly kind: 'hops'; readonly hops: readonly Hop[] }
  | { readonly kind: 'later'; readonly reason: string };

/** Where connections may come from and go to. */
export interface Origin {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  /** Own addresses: the first of each family is used, and a family that is not among them is not, unless there are none at all. */
  readonly localAddresses: readonly string[];
}

/** Whatever the system has. */
export const anyOrigin: Origin = { ipv4: true, ipv6: true, localAddresses: [] };

/** Port of other servers (RFC 5321 §4.5.4.2). */
export const smtpPort = 25;

/** Addresses tried in one attempt. */
const maxHops = 20;

/** The addresses of the hosts of a domain, those that can be reached from `origin`. */
export function domainHops(domain: string, hosts: readonly MailHost[], origin: Origin): Hops {
  const all = hosts.flatMap(({ name, addresses }) => addresses.map((address) => ({ name, address, port: smtpPort })));
  return reachable(all, origin, `the mail hosts of ${domain}`);
}

/** Finds the addresses of one server, given by name or address. */
export async function serverHops(
  { host, port }: { readonly host: string; readonly port: number },
  origin: Origin,
  resolver: Resolver,
  signal: AbortSignal,
): Promise<Hops> {
  const addresses = await serverAddresses(host, resolver, signal);
  if (typeof addresses === 'string') return { kind: 'later', reason: addresses };
  return reachable(
    addresses.map((address) => ({ name: host, address, port })),
    origin,
    host,
  );
}

/** Addresses to try in this order, or why there are none. */
async function serverAddresses(
  host: string,
  resolver: Resolver,
  signal: AbortSignal,
): Promise<readonly string[] | string> {
  const ip = parseIp(host);
  if (ip.ok) return [ip.value.text];
  // RFC 6761 §6.3: never asked of DNS.
  if (host.toLowerCase() === 'localhost') return ['127.0.0.1', '::1'];
  const answers = await Promise.all([resolver.query(host, 'AAAA', signal), resolver.query(host, 'A', signal)]);
  const addresses = answers.flatMap((answer) => (answer.kind === 'found' ? answer.records : []));
  if (addresses.length > 0) return addresses;
  const failed = answers.find((answer) => answer.kind === 'failed');
  return `looking up ${host}: ${failed === undefined ? 'it has no address in DNS' : failed.why}`;
}

function reachable(all: readonly Hop[], { ipv4, ipv6, localAddresses }: Origin, whose: string): Hops {
  const own = localAddresses.map((text) => ({ text, family: familyOf(text) }));
  const hops = all.flatMap((hop): Hop[] => {
    const family = familyOf(hop.address);
    if (!(family === 4 ? ipv4 : ipv6)) return [];
    if (own.length === 0) return [hop];
    const local = own.find((address) => address.family === family);
    return local === undefined ? [] : [{ ...hop, localAddress: local.text }];
  });
  if (hops.length > 0) return { kind: 'hops', hops: hops.slice(0, maxHops) };
  // The settings are the operator's, who can change them.
  return { kind: 'later', reason: `no address of ${whose} can be reached with the ipv4, ipv6 and localAddresses set` };
}

function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}
