import { lookupFailureText } from '#lib/dns';
import { parseIp } from '#lib/domain';
import type { MailHost } from '#mail/mail-hosts';
import type { Resolver } from '#ports/resolver';

/** One address of a host to try. */
export interface HostAddress {
  /** Name of the host, for TLS and for people. */
  readonly name: string;
  /** IP address, or a name that a proxy looks up. */
  readonly address: string;
  readonly port: number;
  /** Own address to connect from; the system chooses without. */
  readonly localAddress?: string;
}

/** Addresses to try in this order, at least one; or why there are none. `status` is an enhanced status code of class 4. */
export type HostAddresses =
  | { readonly kind: 'addresses'; readonly addresses: readonly HostAddress[] }
  | { readonly kind: 'later'; readonly reason: string; readonly status: string };

/** Own addresses that connections may come from, and with them the families of addresses that they go to. */
export interface SourceAddresses {
  readonly ipv4: boolean;
  readonly ipv6: boolean;
  /** Own addresses: the first of each family is used, and a family that is not among them is not, unless there are none at all. */
  readonly localAddresses: readonly string[];
}

/** DNS did not answer: x.4.3 is "directory server failure" (RFC 3463 §3.5). */
export const directoryFailure = '4.4.3';

/** RFC 3463 §3.5: x.4.1 is "no answer from host". */
const noAnswer = '4.4.1';

/** All that the system has. */
export const anySource: SourceAddresses = { ipv4: true, ipv6: true, localAddresses: [] };

/** Port of other servers (RFC 5321 §4.5.4.2). */
export const smtpPort = 25;

/** Addresses tried in one attempt. */
const maxAddresses = 20;

/** Returns the addresses of the hosts of a domain that can be reached from `source`. */
export function addressesOfHosts(domain: string, hosts: readonly MailHost[], source: SourceAddresses): HostAddresses {
  const all = hosts.flatMap(({ name, addresses }) => addresses.map((address) => ({ name, address, port: smtpPort })));
  return reachable(all, source, `the mail hosts of ${domain}`);
}

/** Finds the addresses of one server, given by name or address. */
export async function findServerAddresses(
  { host, port }: { readonly host: string; readonly port: number },
  source: SourceAddresses,
  resolver: Resolver,
  signal: AbortSignal,
): Promise<HostAddresses> {
  const found = await serverAddresses(host, resolver, signal);
  if (found.kind === 'later') return found;
  return reachable(
    found.addresses.map((address) => ({ name: host, address, port })),
    source,
    host,
  );
}

/** Addresses to try in this order, or why there are none. */
async function serverAddresses(
  host: string,
  resolver: Resolver,
  signal: AbortSignal,
): Promise<
  { readonly kind: 'found'; readonly addresses: readonly string[] } | Extract<HostAddresses, { kind: 'later' }>
> {
  const ip = parseIp(host);
  if (ip.ok) return { kind: 'found', addresses: [ip.value.text] };
  // RFC 6761 §6.3: never asked of DNS.
  if (host.toLowerCase() === 'localhost') return { kind: 'found', addresses: ['127.0.0.1', '::1'] };
  const answers = await Promise.all([resolver.query(host, 'AAAA', signal), resolver.query(host, 'A', signal)]);
  const addresses = answers.flatMap((answer) => (answer.kind === 'found' ? answer.records : []));
  if (addresses.length > 0) return { kind: 'found', addresses };
  const failed = answers.find((answer) => answer.kind === 'failed');
  const reason = `looking up ${host}: ${failed === undefined ? 'it has no address in DNS' : lookupFailureText(failed.why)}`;
  return { kind: 'later', reason, status: failed === undefined ? noAnswer : directoryFailure };
}

function reachable(
  all: readonly HostAddress[],
  { ipv4, ipv6, localAddresses }: SourceAddresses,
  whose: string,
): HostAddresses {
  const own = localAddresses.map((text) => ({ text, family: familyOf(text) }));
  const hosts = all.flatMap((host): HostAddress[] => {
    const family = familyOf(host.address);
    if (!(family === 4 ? ipv4 : ipv6)) return [];
    if (own.length === 0) return [host];
    const local = own.find((address) => address.family === family);
    return local === undefined ? [] : [{ ...host, localAddress: local.text }];
  });
  if (hosts.length > 0) return { kind: 'addresses', addresses: hosts.slice(0, maxAddresses) };
  // The settings are the operator's, who can change them.
  const reason = `no address of ${whose} can be reached with the ipv4, ipv6 and localAddresses set`;
  return { kind: 'later', reason, status: noAnswer };
}

function familyOf(address: string): 4 | 6 {
  return address.includes(':') ? 6 : 4;
}
