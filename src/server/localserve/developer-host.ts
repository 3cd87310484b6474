import { parseIp } from '#lib/domain';

/**
 * Reports whether HTTP clients on a development server may use a host name: addresses, names of containers (one label, also with underscores),
 * and names that no public DNS zone has: `localhost` and `test` (RFC 6761 §6), and `internal`, as in `host.docker.internal`.
 * A web page cannot rebind any of them: it would need a name in public DNS.
 * @param host  In lower case, without port; IPv6 in brackets.
 */
export function isDeveloperHost(host: string): boolean {
  if (parseIp(host.replace(/^\[(.*)\]$/, '$1')).ok) return true;
  return /^(?:[a-z0-9_-]+\.)*(?:localhost|test|internal)$|^[a-z0-9_-]+$/.test(host);
}
