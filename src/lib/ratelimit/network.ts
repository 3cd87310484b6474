import { parseIp, type IpAddress } from '#lib/domain';
import { parsed, refused, type Parsed } from '#lib/parsed';

/** An IP network in CIDR notation (RFC 4632 §3.1, RFC 4291 §2.3). */
export interface Network {
  readonly address: IpAddress;
  /** Leading bits that count: 0 to 32 or 128. */
  readonly prefixBits: number;
}

/** Parses `192.0.2.0/24`, `2001:db8::/32`, or a single address. */
export function parseNetwork(text: string): Parsed<Network> {
  const match = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text);
  if (match === null) return refused(0, 'not a network');
  const address = parseIp(match[1] ?? '');
  if (!address.ok) return address;
  const maxBits = address.value.family === 4 ? 32 : 128;
  const prefixBits = match[2] === undefined ? maxBits : Number(match[2]);
  if (prefixBits > maxBits) return refused((match[1] ?? '').length + 1, `prefix longer than ${maxBits} bits`);
  return parsed({ address: address.value, prefixBits });
}

/** Reports whether an address is in a network. IPv4 and IPv6 never match each other. */
export function isInNetwork({ address, prefixBits }: Network, ip: IpAddress): boolean {
  if (address.family !== ip.family) return false;
  const wholeBytes = prefixBits >> 3;
  for (let i = 0; i < wholeBytes; i += 1) if (address.bytes[i] !== ip.bytes[i]) return false;
  const mask = (0xff00 >> (prefixBits & 7)) & 0xff;
  return mask === 0 || ((address.bytes[wholeBytes] ?? 0) & mask) === ((ip.bytes[wholeBytes] ?? 0) & mask);
}
