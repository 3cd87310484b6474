import { type Domain, type IpAddress, parseIp } from '#lib/domain';
import { type Parsed, parsed, refused } from '#lib/parsed';

/** Address literal: the text between square brackets in place of a domain (RFC 5321 §4.1.3). */
export type AddressLiteral =
  | { readonly kind: 'ip'; readonly ip: IpAddress }
  /** General-address-literal: `tag` in lower case, such as `x400`; none is in use today. */
  | { readonly kind: 'general'; readonly tag: string; readonly content: string };

/** Reports whether the part after the `@` of an address is a literal. */
export function isAddressLiteral(domain: Domain | AddressLiteral): domain is AddressLiteral {
  return 'kind' in domain;
}

const ipv6Tag = 'ipv6';

/** Parses a whole address literal with its brackets: `[192.0.2.1]`, `[IPv6:2001:db8::1]`, `[tag:content]`. Refuses anything else. */
export function parseAddressLiteral(text: string): Parsed<AddressLiteral> {
  if (!text.startsWith('[')) return refused(0, 'address literal must begin with [');
  if (!text.endsWith(']')) return refused(text.length, 'address literal must end with ]');
  const inner = text.slice(1, -1);
  const colon = inner.indexOf(':');
  if (colon < 0) return parseIpLiteral(inner, 4, 1);
  const tag = inner.slice(0, colon).toLowerCase();
  const content = inner.slice(colon + 1);
  if (tag === ipv6Tag) return parseIpLiteral(content, 6, colon + 2);
  // By the grammar `2001` is a tag; the intention is clear, and wrong.
  if (parseIp(inner).ok) return refused(1, 'an IPv6 address literal begins with IPv6:');
  // RFC 5321 §4.1.3: Standardized-tag is an Ldh-str, dcontent is printable ASCII without brackets and backslash.
  if (!/^[a-z0-9-]*[a-z0-9]$/.test(tag)) return refused(1, 'bad tag of an address literal');
  const bad = content.search(/[^!-Z^-~]/);
  if (bad >= 0 || content === '') return refused(colon + 2 + Math.max(0, bad), 'bad content of an address literal');
  return parsed({ kind: 'general', tag, content });
}

/** Formats a literal with its brackets. */
export function writeAddressLiteral(literal: AddressLiteral): string {
  if (literal.kind === 'general') return `[${literal.tag}:${literal.content}]`;
  return literal.ip.family === 4 ? `[${literal.ip.text}]` : `[IPv6:${literal.ip.text}]`;
}

function parseIpLiteral(text: string, family: 4 | 6, offset: number): Parsed<AddressLiteral> {
  const ip = parseIp(text);
  if (!ip.ok) return refused(offset + ip.at, `bad IPv${family} address`);
  // The syntax decides, not the value: an IPv4-mapped address is written with the tag and is IPv4. Zones have no meaning to others.
  if (text.includes(':') !== (family === 6) || text.includes('%')) return refused(offset, `bad IPv${family} address`);
  return parsed({ kind: 'ip', ip: ip.value });
}
