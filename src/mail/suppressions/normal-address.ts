import { canonicalLocalpart, parseAddress, writeAddress, type Address } from '#lib/address';

/**
 * The form in which addresses are kept: lower case, domain in ASCII. What is no address is only put into lower case.
 * deviates: RFC 5321 §2.4 leaves the case of a localpart to its host; none that differ by case only are known to matter here.
 */
export function normalAddress(text: string): string {
  const address = parseAddress(text);
  return address.ok ? normalForm(address.value) : text.toLowerCase();
}

function normalForm(address: Address): string {
  return writeAddress(address).toLowerCase();
}

/**
 * What suppresses an address, in normal form: itself, and when its localpart has a `+` also what is before that. Who does not have `user` does not
 * have `user+news`; the other way round nothing follows, as many hosts know no details and refuse `user+news` where `user` reads mail.
 */
export function suppressorsOf(address: Address): readonly string[] {
  const whole = normalForm(address);
  const { localpart, domain } = address;
  const base = canonicalLocalpart(localpart, { separators: ['+'], caseSensitive: false });
  const short = normalForm({ localpart: base, domain });
  return short === whole ? [whole] : [whole, short];
}
