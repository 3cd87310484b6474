import type { Domain } from '#lib/domain';
import { type AddressLiteral, isAddressLiteral, writeAddressLiteral } from './address-literal.ts';
import type { Address } from './address.ts';
import { isAsciiText, isDotString } from './localpart.ts';
import type { ForwardPath } from './path.ts';

/** Form of a domain: A-labels, or Unicode for people and SMTPUTF8. A localpart has only one form. */
export type AddressForm = 'ascii' | 'unicode';

/** Reports whether the address needs SMTPUTF8 (RFC 6531 §3.4): its localpart is not ASCII. A domain always has an ASCII form. */
export function needsSmtputf8(address: Address): boolean {
  return !isAsciiText(address.localpart);
}

/** Formats a decoded localpart, with quotes where needed: the form with the minimum quoting SHOULD be sent (RFC 5321 §4.1.2). */
export function writeLocalpart(localpart: string): string {
  return isDotString(localpart) ? localpart : `"${localpart.replace(/["\\]/g, '\\$&')}"`;
}

/** Formats the part after `@`. */
export function writeAddressDomain(domain: Domain | AddressLiteral, form: AddressForm = 'ascii'): string {
  return isAddressLiteral(domain) ? writeAddressLiteral(domain) : domain[form];
}

/** Formats `localpart@domain`; `parseAddress` returns the same address. Equal addresses give equal text. */
export function writeAddress(address: Address, form: AddressForm = 'ascii'): string {
  return `${writeLocalpart(address.localpart)}@${writeAddressDomain(address.domain, form)}`;
}

/** Formats a path with its angle brackets: `<>` for null, `<postmaster>` for the bare form. */
export function writePath(path: ForwardPath | null, form: AddressForm = 'ascii'): string {
  if (path === null) return '<>';
  return path === 'postmaster' ? '<postmaster>' : `<${writeAddress(path, form)}>`;
}
