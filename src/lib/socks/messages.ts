import { socksLimits } from './limits.ts';
import type { SocksTarget } from './types.ts';

/** Authentication methods (RFC 1928 §3). */
export const Method = { none: 0x00, password: 0x02, noneAcceptable: 0xff } as const;

const version = 5;
const loginVersion = 1;
const connectCommand = 1;
const AddressType = { ipv4: 1, name: 3, ipv6: 4 } as const;

/** Formats the greeting: version and methods (RFC 1928 §3). */
export function writeGreeting(hasLogin: boolean): Uint8Array {
  return Uint8Array.from(hasLogin ? [version, 2, Method.none, Method.password] : [version, 1, Method.none]);
}

/** Formats user and password (RFC 1929 §2). @throws RangeError when one is empty or longer than 255 octets. */
export function writeLogin(user: string, password: string): Uint8Array {
  return Uint8Array.from([loginVersion, ...counted(user, 'user'), ...counted(password, 'password')]);
}

function counted(text: string, what: string): readonly number[] {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length === 0 || bytes.length > socksLimits.maxCredentialBytes) {
    throw new RangeError(`a SOCKS ${what} has 1 to ${socksLimits.maxCredentialBytes} octets`);
  }
  return [bytes.length, ...bytes];
}

/** Formats CONNECT (RFC 1928 §4). @throws RangeError for a port or name that does not fit. */
export function writeRequest({ host, port }: SocksTarget): Uint8Array {
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new RangeError(`no TCP port: ${port}`);
  return Uint8Array.from([version, connectCommand, 0, ...addressOf(host), port >> 8, port & 0xff]);
}

/** Returns type and octets of an address (RFC 1928 §5). @throws RangeError for a name that does not fit. */
function addressOf(host: SocksTarget['host']): readonly number[] {
  if (typeof host !== 'string') {
    return [host.family === 4 ? AddressType.ipv4 : AddressType.ipv6, ...host.bytes];
  }
  if (!/^[!-~]+$/.test(host) || host.length > socksLimits.maxNameBytes) {
    throw new RangeError('not a name that SOCKS can carry');
  }
  return [AddressType.name, host.length, ...new TextEncoder().encode(host)];
}
