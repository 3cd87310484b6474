import { lookupFailureText } from '#lib/dns';
import { isLoopback, isPrivate, parseIp, type IpAddress } from '#lib/domain';
import type { ListenerConfig, ServerConfig } from '#mail/config';
import type { Finding } from '#mail/dns-advice';
import type { Resolver } from '#ports/resolver';

/** More addresses of one mail host are not looked at. */
const maxAddresses = 20;

/** Addresses, with what is to be said about them. */
export interface FoundAddresses {
  readonly ips: readonly string[];
  readonly remarks: readonly Finding[];
}

/** Listeners that others than this machine reach. */
export function openListeners({ listeners }: ServerConfig): (readonly [string, ListenerConfig])[] {
  return Object.entries(listeners).filter(([, { addresses }]) => parsedIps(addresses).some((ip) => !isLoopback(ip)));
}

/** Reports whether an address is reachable from the whole Internet. */
export function isPublic(ip: IpAddress): boolean {
  return !isLoopback(ip) && !isPrivate(ip) && !isWildcard(ip);
}

/** Canonical addresses; texts that are none are left out. */
export function parsedIps(texts: readonly string[]): IpAddress[] {
  return texts.flatMap((text) => {
    const ip = parseIp(text);
    return ip.ok ? [ip.value] : [];
  });
}

function isWildcard({ bytes }: IpAddress): boolean {
  return bytes.every((byte) => byte === 0);
}

/**
 * Where other servers reach us: public addresses that listeners for incoming mail name; of a family of which they name none, those of this
 * machine where they listen on all, else, as behind address translation, those that DNS has for the mail host.
 */
export async function publicAddresses(
  server: ServerConfig,
  mailHost: string,
  { resolver, ownIps }: { readonly resolver: Resolver; readonly ownIps: readonly string[] },
): Promise<FoundAddresses> {
  const listening = openListeners(server)
    .filter(([, { smtp }]) => smtp?.enabled === true)
    .flatMap(([, { addresses }]) => parsedIps(addresses));
  const families = await Promise.all(
    ([4, 6] as const).map(async (family): Promise<FoundAddresses> => {
      const ours = listening.filter((ip) => ip.family === family && !isLoopback(ip));
      const named = ours.filter(isPublic);
      if (named.length > 0 || ours.length === 0) return { ips: named.map(({ text }) => text), remarks: [] };
      const own = ours.some(isWildcard) ? parsedIps(ownIps).filter((ip) => ip.family === family && isPublic(ip)) : [];
      if (own.length > 0) return ofMachine(mailHost, own);
      return await askDns(mailHost, family, resolver);
    }),
  );
  const ips = [...new Set(families.flatMap((found) => found.ips))];
  const remarks = families.flatMap((found) => found.remarks);
  if (ips.length > 0 || remarks.length > 0) return { ips, remarks };
  const sentence = 'has no known address: neither listeners nor this machine have a public one, nor has DNS';
  return { ips, remarks: [remark('error', mailHost, sentence, addAddress)] };
}

const addAddress = 'publish the public address of this machine as its A or AAAA record, then ask again';

/** More than one may be too many, as temporary addresses of IPv6 (RFC 8981), so that people should look. */
function ofMachine(mailHost: string, own: readonly IpAddress[]): FoundAddresses {
  const ips = own.slice(0, maxAddresses).map(({ text }) => text);
  const sentence = `taken from this machine, as listeners name no public address: ${ips.join(', ')}`;
  const found = remark('ok', mailHost, sentence, null);
  if (ips.length === 1) return { ips, remarks: [found] };
  const fix = {
    kind: 'do',
    text: 'if some are not for mail, list those that are as addresses of the listeners',
  } as const;
  return { ips, remarks: [{ ...found, level: 'note', fix }] };
}

async function askDns(mailHost: string, family: 4 | 6, resolver: Resolver): Promise<FoundAddresses> {
  const type = family === 4 ? 'A' : 'AAAA';
  const subject = `${mailHost} ${type}`;
  const answer = await resolver.query(mailHost, type);
  if (answer.kind === 'absent') return { ips: [], remarks: [] };
  if (answer.kind === 'failed') {
    const sentence = `could not be looked up, so addresses may be missing here: ${lookupFailureText(answer.why)}`;
    return { ips: [], remarks: [remark('warning', subject, sentence, 'check the resolver, then ask again')] };
  }
  const found = parsedIps(answer.records.slice(0, maxAddresses));
  const ips = found.filter(isPublic).map(({ text }) => text);
  const inner = found.filter((ip) => !isPublic(ip)).map(({ text }) => text);
  const remarks: Finding[] = [];
  if (ips.length > 0) {
    const sentence = `taken from DNS, as neither listeners nor this machine have a public address: ${ips.join(', ')}`;
    remarks.push(remark('ok', subject, sentence, null));
  }
  if (inner.length > 0) {
    const sentence = `is ${inner.join(', ')} in DNS as we see it, which others cannot reach`;
    remarks.push(remark('warning', subject, sentence, addAddress));
  }
  return { ips, remarks };
}

function remark(level: Finding['level'], subject: string, sentence: string, fix: string | null): Finding {
  return { area: 'host', level, subject, sentence, fix: fix === null ? null : { kind: 'do', text: fix } };
}
