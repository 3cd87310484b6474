import { type IpAddress, networkKey } from './ip.ts';

/** Three networks around an address that limits count by, narrow to wide, in CIDR notation. */
export interface IpMasks {
  /** IPv4 /32, IPv6 /64: one customer. */
  readonly m1: string;
  /** IPv4 /26, IPv6 /48: one site. */
  readonly m2: string;
  /** IPv4 /21, IPv6 /32: one provider. */
  readonly m3: string;
}

/** Returns the networks that contain `ip`. Keys of IPv4 and IPv6 never collide. */
export function ipMasks(ip: IpAddress): IpMasks {
  return ip.family === 4
    ? { m1: networkKey(ip, 32), m2: networkKey(ip, 26), m3: networkKey(ip, 21) }
    : { m1: networkKey(ip, 64), m2: networkKey(ip, 48), m3: networkKey(ip, 32) };
}

/** Reports whether `ip` is this machine: 127.0.0.0/8 or ::1 (RFC 1122 §3.2.1.3, RFC 4291 §2.5.3). */
export function isLoopback(ip: IpAddress): boolean {
  return ip.family === 4 ? ip.bytes[0] === 127 : ip.text === '::1';
}

/**
 * Reports whether `ip` is local to a site or link and so not reachable from the Internet: RFC 1918 §3, RFC 6598 §7 (carriers' shared space),
 * RFC 3927 §2.1 and RFC 4291 §2.5.6 (link-local), RFC 4193 §3.1 (unique local). Loopback is not private: see `isLoopback`.
 */
export function isPrivate(ip: IpAddress): boolean {
  const [a = 0, b = 0] = ip.bytes;
  if (ip.family === 6) return (a & 0xfe) === 0xfc || (a === 0xfe && (b & 0xc0) === 0x80);
  return (
    a === 10 ||
    (a === 172 && (b & 0xf0) === 16) ||
    (a === 192 && b === 168) ||
    (a === 100 && (b & 0xc0) === 64) ||
    (a === 169 && b === 254)
  );
}

/** Returns the name of the PTR records for `ip` (RFC 1035 §3.5, RFC 3596 §2.5), without trailing dot. */
export function reverseName(ip: IpAddress): string {
  if (ip.family === 4) return `${[...ip.bytes].toReversed().join('.')}.in-addr.arpa`;
  const nibbles = [...ip.bytes].flatMap((byte) => [byte >> 4, byte & 15]);
  return `${nibbles
    .toReversed()
    .map((nibble) => nibble.toString(16))
    .join('.')}.ip6.arpa`;
}
