import { parseIp } from '#lib/domain';

/**
 * Reports whether a request names this server, so that a page of another site whose name was pointed at our address (DNS rebinding) gets
 * nothing: also on loopback. Addresses are right when the connection came to them; they cannot be pointed elsewhere.
 * @param host  Host of the request's URL, without port; IPv6 in brackets.
 * @param names  Configured names, in lower case.
 */
export function isOwnHost(host: string, localAddress: string, names: ReadonlySet<string>): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  if (names.has(name)) return true;
  const isLoopback = localAddress === '::1' || localAddress.startsWith('127.');
  // RFC 6761 §6.3: names that end in localhost mean the client's own machine.
  if (name === 'localhost' || name.endsWith('.localhost')) return isLoopback;
  const ip = parseIp(name.replace(/^\[(.*)\]$/, '$1'));
  const local = parseIp(localAddress);
  return ip.ok && local.ok && ip.value.text === local.value.text;
}
