import { findMailHosts } from '#mail/destination';
import type { DeliveryOutcome, Transmission } from '#mail/queue';
import { anyOrigin, domainHops } from './hops.ts';
import { defaultPoolLimits } from './limits.ts';
import { mxSecurity } from './mx-security.ts';
import { visit } from './visit.ts';
import { unreached, type Transport, type WayDeps } from './ways.ts';

/** To the hosts that DNS names for the domain (RFC 5321 §5.1). @param transport  null for the way without one. */
export async function sendDirect(
  domain: string,
  transport: Transport<'direct'> | null,
  transmission: Transmission,
  deps: WayDeps,
): Promise<readonly DeliveryOutcome[]> {
  const { network, hostname, resolver, shuffle, tlsPolicies } = deps;
  const found = await findMailHosts(domain, resolver, shuffle, transmission.signal);
  if (found.kind !== 'hosts') return unreached(found, transmission);
  const hops = domainHops(domain, found.hosts, transport ?? anyOrigin);
  if (hops.kind !== 'hops') return unreached(hops, transmission);
  const byName = new Map(found.hosts.map((host) => [host.name, host]));
  const question = {
    domain,
    found,
    hostOf: ({ name }: { readonly name: string }) =>
      byName.get(name) ?? ({ kind: 'left', reason: `no host ${name}`, status: '4.4.4' } as const),
    tls: transport?.tls ?? 'opportunistic',
  };
  const manner = {
    owner: transport ?? anyOrigin,
    means: () => ({ dialer: network.dialer }),
    hostname: transport?.hostname ?? hostname,
    security: await mxSecurity(question, transmission, tlsPolicies),
    setMessages: transport?.limits.messagesPerConnection,
    usualMessages: defaultPoolLimits.maxMessages,
  };
  return await visit(hops.hops, manner, transmission, deps);
}
