import { parseAddress, type Address } from '#lib/address';

/** Parses an address that a test writes down. @throws Error when it is none. */
export function addressOf(text: string): Address {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(`bad address ${text}: ${parsed.reason}`);
  return parsed.value;
}
