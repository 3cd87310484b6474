import { parseIp } from '#lib/domain';
import { type Parsed, parsed, refused } from '#lib/parsed';

/** One proxy's word about the connection on which it got a request. */
export interface ForwardedHop {
  /** IP address that the proxy saw; null when it keeps that to itself, or does not know it (RFC 7239 §6.2, §6.3). */
  readonly address: string | null;
  /** Null when it does not say. */
  readonly isTls: boolean | null;
  /** Host, perhaps with a port, that the client asked for; null when it does not say. */
  readonly host: string | null;
}

/** Proxies of one request; more are refused. */
const maxHops = 50;

const authority = /^(?:[a-z0-9_.-]+|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;
const pair = /^[ \t]*([!#$%&'*+.^_`|~\dA-Za-z-]+)=(?:([!#$%&'*+.^_`|~\dA-Za-z-]+)|"((?:[^"\\]|\\.)*)")[ \t]*/;

/** Parses a Forwarded field, or several of them joined by commas (RFC 7239 §4): the nearest proxy is the last. */
export function parseForwarded(field: string): Parsed<readonly ForwardedHop[]> {
  const hops: ForwardedHop[] = [];
  let values = new Map<string, string>();
  const bad = (at: number): Parsed<never> => refused(at, 'bad Forwarded field');
  for (let at = 0; ; at += 1) {
    const [whole = '', name = '', token, quoted = ''] = pair.exec(field.slice(at)) ?? [];
    if (whole === '') return bad(at);
    // RFC 7239 §4: each parameter MUST NOT occur more than once per element.
    if (values.has(name.toLowerCase())) return bad(at);
    values.set(name.toLowerCase(), token ?? quoted.replaceAll(/\\(.)/g, '$1'));
    at += whole.length;
    const next = field[at];
    if (next === ';') continue;
    const hop = hopOf(values.get('for'), values.get('proto'), values.get('host'));
    if (hop === null || hops.length === maxHops) return bad(at);
    hops.push(hop);
    values = new Map();
    if (next === undefined) return parsed(hops);
    if (next !== ',') return bad(at);
  }
}

/**
 * Parses the X-Forwarded fields, each null when it is missing. The lists are counted from their ends, where the nearest proxy is: where a proxy overwrites -Proto or -Host
 * instead of appending to it, its one value stands for all.
 */
export function parseXForwarded(
  forField: string | null,
  protoField: string | null,
  hostField: string | null,
): Parsed<readonly ForwardedHop[]> {
  const [addresses, protos, hosts] = [listOf(forField), listOf(protoField), listOf(hostField)];
  const hops: ForwardedHop[] = [];
  // Without an address, the others are about the client of the nearest proxy.
  const count = Math.max(addresses.length, protos.length + hosts.length > 0 ? 1 : 0);
  if (count > maxHops) return refused(0, 'too many proxies');
  for (let fromEnd = count; fromEnd >= 1; fromEnd -= 1) {
    const valueOf = (list: readonly string[]): string | undefined => list[Math.max(0, list.length - fromEnd)];
    const hop = hopOf(addresses[addresses.length - fromEnd], valueOf(protos), valueOf(hosts));
    if (hop === null) return refused(0, 'bad X-Forwarded field');
    hops.push(hop);
  }
  return parsed(hops);
}

function listOf(field: string | null): string[] {
  return field === null ? [] : field.split(',').map((value) => value.trim());
}

function hopOf(node: string | undefined, proto: string | undefined, host: string | undefined): ForwardedHop | null {
  const address = node === undefined ? null : addressOf(node);
  const scheme = proto?.toLowerCase();
  if (address === undefined || (scheme !== undefined && scheme !== 'http' && scheme !== 'https')) return null;
  if (host !== undefined && !authority.test(host)) return null;
  return { address, isTls: scheme === undefined ? null : scheme === 'https', host: host ?? null };
}

/** Returns the address of a node (RFC 7239 §6), null for one that is hidden, undefined for what is none. Addresses without brackets are of X-Forwarded-For. */
function addressOf(node: string): string | null | undefined {
  if (/^(?:unknown|_[\w.-]+)(?::[\w.-]+)?$/i.test(node)) return null;
  const [, bracketed, dotted] = /^(?:\[([\da-f:.]+)\]|(\d+\.\d+\.\d+\.\d+))(?::[\w.-]+)?$/i.exec(node) ?? [];
  const ip = parseIp(bracketed ?? dotted ?? (/^[\da-f:.]+$/i.test(node) ? node : ''));
  return ip.ok ? ip.value.text : undefined;
}
