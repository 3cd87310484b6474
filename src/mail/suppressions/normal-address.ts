import { canonicalLocalpart, parseAddress, writeAddress } from '#lib/address';

/**
 * The form in which addresses are compared: lower case, domain in ASCII, without what follows a `+` in the localpart, since whoever refuses
 * `user+news` for good does not have `user`. What is no address is only put into lower case.
 * deviates: RFC 5321 §2.4 leaves the case of a localpart to its host; none that differ by case only are known to matter here.
 */
export function normalAddress(text: string): string {
  const address = parseAddress(text);
  if (!address.ok) return text.toLowerCase();
  const { localpart, domain } = address.value;
  const base = canonicalLocalpart(localpart, { separators: ['+'], caseSensitive: false });
  return writeAddress({ localpart: base, domain }).toLowerCase();
}
