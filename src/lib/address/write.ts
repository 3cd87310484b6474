import type { Domain } from '#lib/domain';
import { type AddressLiteral, isAddressLiteral, writeAddressLiteral } from './address-literal.ts';
import type { Address } from './address.ts';
import { isAsciiText, isDotString } from './localpart.ts';
import type { ForwardPath } from './path.ts';

/** Which form of a domain is written: A-labels, or Unicode for people and SMTPUTF8. A localpart has one form only. */
export type AddressForm = 'ascii' | 'unicode';

/** Reports whether the address can travel only with SMTPUTF8: its localpart is not ASCII. A domain always has an ASCII form. */
export function needsSmtputf8(address: Address): boolean {
  return !isAsciiText(address.localpart);
}

/** Writes a decoded localpart, with quotes where RFC 5321 §4.1.2 needs them. */
export function writeLocalpart(localpart: string): string {
  return isDotString(localpart) ? localpart : `"${localpart.replace(/["\\]/g, '\\$&')}"`;
}

/** Writes what follows `@`. */
export function writeAddressDomain(domain: Domain | AddressLiteral, form: AddressForm = 'ascii'): string {
  return isAddressLiteral(domain) ? writeAddressLiteral(domain) : domain[form];
}

/** Writes `localpart@domain`; `parseAddress` gives the same address back. Equal addresses give equal text. */
export function writeAddress(address: Address, form: AddressForm = 'ascii'): string {
  return `${writeLocalpart(address.localpart)}@${writeAddressDomain(address.domain, form)}`;
}

/** Writes a path with its angle brackets: `<>` for null, `<postmaster>` for the bare form. */
export function writePath(path: ForwardPath | null, form: AddressForm = 'ascii'): string {
  if (path === null) return '<>';
  return path === 'postmaster' ? '<postmaster>' : `<${writeAddress(path, form)}>`;
}
