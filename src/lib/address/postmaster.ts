import { parseAddress, type Address } from './address.ts';
import type { ForwardPath } from './path.ts';

/** Returns the address of a host's postmaster, which every host has (RFC 5321 §4.5.1). @throws Error when the name is no domain. */
export function postmasterAt(hostname: string): Address {
  const parsed = parseAddress(`postmaster@${hostname}`);
  if (!parsed.ok) throw new Error(`the host name ${hostname} is no domain: ${parsed.reason}`);
  return parsed.value;
}

/** Returns the address of a recipient; the bare `<postmaster>` is the one of this host. @throws Error as `postmasterAt`. */
export function wholeAddress(recipient: ForwardPath, hostname: string): Address {
  return recipient === 'postmaster' ? postmasterAt(hostname) : recipient;
}
