import { parseAddressDomain } from '#lib/address';
import { parseIp } from '#lib/domain';
import type { CommandOptions, HelloArgument } from './command.ts';

/** The reason for a HELO or EHLO without an argument. */
export const helloMissing = 'host name expected, or an address literal such as [192.0.2.1]';

/** Parses a non-empty argument of HELO or EHLO (RFC 5321 §4.1.1.1, §4.1.3). Never fails: `other` has the reason why it is neither a domain nor a literal, in ASCII. */
export function parseHelloArgument(argument: string, { pedantic = false }: CommandOptions): HelloArgument {
  const bracket = argument.startsWith('[') ? argument.indexOf(']') : -1;
  // RFC 5321 §4.1.1.1: nothing may follow a literal, but it is "probably wise for servers to be prepared" for the name that RFC 2821 encouraged.
  const name = bracket > 0 && argument[bracket + 1] === ' ' ? argument.slice(0, bracket + 1) : argument;
  const host = parseAddressDomain(name, { smtputf8: false, pedantic });
  if (!host.ok) return { form: 'other', text: argument, reason: reasonFor(name, host) };
  return { form: name.startsWith('[') ? 'literal' : 'domain', text: name, reason: '' };
}

function reasonFor(name: string, { reason, at }: { readonly reason: string; readonly at: number }): string {
  // RFC 5321 §2.3.5: before EHLO nothing says that the peer takes U-labels.
  if (/[^\0-\x7f]/.test(name)) return 'a name with other letters than those of ASCII is written as A-labels (xn--...)';
  if (/^[\da-f:.]*:[\da-f:.]*$/i.test(name) && parseIp(name).ok) return `an IPv6 address is written as [IPv6:${name}]`;
  const character = name[at] ?? '';
  if (name.startsWith('[') || /^[\w.-]?$/.test(character)) return `${reason} (at ${at + 1})`;
  return `${wordFor(character)} is not allowed in a host name (at ${at + 1})`;
}

function wordFor(character: string): string {
  if (character === ' ') return 'a space';
  return /[!-~]/.test(character) ? `"${character}"` : 'a control character';
}
