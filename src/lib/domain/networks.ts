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

/** First bytes of networks of IPv4 that are for special purposes and neither loopback nor private (RFC 6890 §2.2.2), with the bits that count. */
const specialIpv4: readonly (readonly [bits: number, ...bytes: readonly number[]])[] = [
  [8, 0],
  [24, 192, 0, 0],
  [24, 192, 0, 2],
  [24, 192, 88, 99],
  [15, 198, 18],
  [24, 198, 51, 100],
  [24, 203, 0, 113],
  [4, 224],
  [4, 240],
];

/** As `specialIpv4`, within the global unicast addresses of IPv6 (RFC 6890 §2.2.3): protocols, documentation, and 6to4, which has an IPv4 address in it. */
const specialIpv6: typeof specialIpv4 = [
  [23, 0x20, 0x01, 0x00],
  [32, 0x20, 0x01, 0x0d, 0xb8],
  [16, 0x20, 0x02],
  [20, 0x3f, 0xff, 0x00],
];

/**
 * Reports whether `ip` is a host of the Internet: neither this machine, nor local to a site, nor for a special purpose (RFC 6890 §2.2). Other addresses must not be
 * reached with what strangers name.
 */
export function isPublic(ip: IpAddress): boolean {
  if (isLoopback(ip) || isPrivate(ip)) return false;
  // RFC 4291 §2.4: global unicast is 2000::/3 so far.
  if (ip.family === 6 && ((ip.bytes[0] ?? 0) & 0xe0) !== 0x20) return false;
  return !(ip.family === 4 ? specialIpv4 : specialIpv6).some(([bits, ...bytes]) => isWithin(ip, bits, bytes));
}

function isWithin({ bytes: own }: IpAddress, bits: number, bytes: readonly number[]): boolean {
  return bytes.every((byte, i) => {
    const mask = (0xff << Math.max(0, 8 - (bits - i * 8))) & 0xff;
    return ((own[i] ?? 0) & mask) === (byte & mask);
  });
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
