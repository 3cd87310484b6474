import { canonicalLocalpart, parseAddress, writeAddress } from '#lib/address';

/**
 * The form in which addresses are kept: lower case, domain in ASCII. What is no address is only put into lower case.
 * deviates: RFC 5321 §2.4 leaves the case of a localpart to its host; none that differ by case only are known to matter here.
 */
export function normalAddress(text: string): string {
  const address = parseAddress(text);
  return (address.ok ? writeAddress(address.value) : text).toLowerCase();
}

/**
 * What suppresses an address, in normal form: itself, and when its localpart has a `+` also what is before that. Who does not have `user` does not
 * have `user+news`; the other way round nothing follows, as many hosts know no details and refuse `user+news` where `user` reads mail.
 */
export function suppressorsOf(text: string): readonly string[] {
  const address = parseAddress(text);
  const whole = normalAddress(text);
  if (!address.ok) return [whole];
  const { localpart, domain } = address.value;
  const base = canonicalLocalpart(localpart, { separators: ['+'], caseSensitive: false });
  const short = writeAddress({ localpart: base, domain }).toLowerCase();
  return short === whole ? [whole] : [whole, short];
}
