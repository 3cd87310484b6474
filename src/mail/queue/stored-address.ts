import { parseAddress, writeAddress, writeAddressDomain, type Address } from '#lib/address';

/** Writes an address as rows of the queue hold it: domains in A-labels (RFC 5890 §2.3.2.1). `storedAddress` gives the same address back. */
export function addressText(address: Address): string {
  return writeAddress(address, 'ascii');
}

/** Writes a reverse-path as rows of the queue hold it: empty for the null one (RFC 5321 §4.5.5). */
export function senderText(sender: Address | null): string {
  return sender === null ? '' : addressText(sender);
}

/** Parses an address of a row. @throws Error when it is none: addresses were parsed before they were queued. */
export function storedAddress(text: string): Address {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(`bad address in the queue: ${parsed.reason}`);
  return parsed.value;
}

/** Parses the reverse-path of a row: null for the null one. @throws Error as `storedAddress`. */
export function storedSender(text: string): Address | null {
  return text === '' ? null : storedAddress(text);
}

/** Returns the domain of an address as rows hold it: A-labels in lower case, or an address literal. */
export function domainOf({ domain }: Address): string {
  return writeAddressDomain(domain, 'ascii').toLowerCase();
}

/** Returns the domain of a reverse-path in a row, null for the null one. */
export function senderDomainOf(sender: string): string | null {
  return sender === '' ? null : sender.slice(sender.lastIndexOf('@') + 1).toLowerCase();
}
