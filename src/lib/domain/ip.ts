import { type Parsed, parsed, refused } from '#lib/parsed';

/** An IP address. IPv4-mapped IPv6 addresses (RFC 4291 §2.5.5.2) do not occur: `parseIp` converts them to IPv4. */
export interface IpAddress {
  readonly family: 4 | 6;
  /** Canonical text: dotted decimal, or RFC 5952 §4. Two addresses are the same exactly when their texts are. */
  readonly text: string;
  /** 4 or 16 bytes in network order. */
  readonly bytes: Uint8Array;
}

// Eight groups of four digits, or six and a dotted quad.
const maxIpTextLength = 45;

const zero = 0x30;
const dot = 0x2e;

/**
 * Parses an IPv4 or IPv6 address in text form (RFC 4291 §2.2). IPv4 must have four decimal numbers without leading zeros.
 * `::ffff:192.0.2.1` becomes `192.0.2.1`; a zone such as `%eth0` (RFC 4007 §11) is dropped, as sockets report it.
 */
export function parseIp(text: string): Parsed<IpAddress> {
  const zone = text.indexOf('%');
  const address = zone > 0 ? text.slice(0, zone) : text;
  if (address.length > maxIpTextLength) return refused(maxIpTextLength, 'IP address too long');
  if (!address.includes(':')) {
    const bytes = parseIpv4(text);
    return bytes === null ? refused(0, 'bad IPv4 address') : parsed({ family: 4, text, bytes });
  }
  const bytes = parseIpv6(address);
  if (bytes === null) return refused(0, 'bad IPv6 address');
  return parsed(isMapped(bytes) ? ipv4(bytes.slice(12)) : { family: 6, text: writeIpv6(bytes), bytes });
}

function ipv4(bytes: Uint8Array): IpAddress {
  return { family: 4, text: bytes.join('.'), bytes };
}

/** Parses dotted decimal, digit by digit, because each connection's address is parsed several times. Returns null when malformed. */
function parseIpv4(text: string): Uint8Array | null {
  const bytes = new Uint8Array(4);
  let field = 0;
  let digits = 0;
  let value = 0;
  for (let i = 0; i <= text.length; i += 1) {
    const code = i === text.length ? dot : text.charCodeAt(i);
    if (code === dot) {
      if (digits === 0 || field > 3) return null;
      bytes[field] = value;
      field += 1;
      digits = 0;
      value = 0;
      continue;
    }
    if (code < zero || code > zero + 9 || (digits > 0 && value === 0)) return null;
    value = value * 10 + code - zero;
    digits += 1;
    if (value > 255) return null;
  }
  return field === 4 ? bytes : null;
}

function parseIpv6(text: string): Uint8Array | null {
  const [head = '', tail, ...more] = text.split('::', 3);
  if (more.length > 0) return null;
  const before = parseGroups(head, tail === undefined);
  if (before === null) return null;
  const bytes = new Uint8Array(16);
  bytes.set(before);
  if (tail === undefined) return before.length === 16 ? bytes : null;
  const after = parseGroups(tail, true);
  // RFC 4291 §2.2: "::" stands for one or more groups of zeros.
  if (after === null || before.length + after.length > 14) return null;
  bytes.set(after, 16 - after.length);
  return bytes;
}

/** Parses colon-separated groups into at most 16 bytes; only the last group of an address may be a dotted quad. Returns null when malformed. */
function parseGroups(text: string, isEnd: boolean): number[] | null {
  if (text === '') return [];
  const groups = text.split(':', 9);
  const bytes: number[] = [];
  for (const [i, group] of groups.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    } else {
      const quad = isEnd && i === groups.length - 1 ? parseIpv4(group) : null;
      if (quad === null) return null;
      bytes.push(...quad);
    }
  }
  return bytes.length <= 16 ? bytes : null;
}

function isMapped(bytes: Uint8Array): boolean {
  return bytes.every((byte, i) => i >= 12 || byte === (i < 10 ? 0 : 0xff));
}

/** Formats the 16 bytes of an IPv6 address (RFC 5952 §4): no leading zeros, lower case, the first of the longest runs of two or more zero groups as "::". */
export function writeIpv6(bytes: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  let longestStart = 0;
  let longest = 0;
  for (let i = 0, run = 0; i < 8; i++) {
    run = groups[i] === 0 ? run + 1 : 0;
    if (run > longest) {
      longest = run;
      longestStart = i - run + 1;
    }
  }
  const hex = (from: number, to: number): string =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  return longest < 2 ? hex(0, 8) : `${hex(0, longestStart)}::${hex(longestStart + longest, 8)}`;
}

/** Returns the network of `prefixBits` that contains `ip`, in CIDR notation with canonical text, such as `192.0.2.0/26`. */
export function networkKey(ip: IpAddress, prefixBits: number): string {
  const masked = (i: number): number =>
    (ip.bytes[i] ?? 0) & (0xff00 >> Math.min(8, Math.max(0, prefixBits - 8 * i))) & 0xff;
  if (ip.family === 4) return `${masked(0)}.${masked(1)}.${masked(2)}.${masked(3)}/${prefixBits}`;
  return `${writeIpv6(ip.bytes.map((_, i) => masked(i)))}/${prefixBits}`;
}
