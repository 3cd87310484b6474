import { findMailHosts } from '#mail/mail-hosts';
import type { DeliveryOutcome, Transmission } from '#mail/queue';
import { anySource, addressesOfHosts } from './host-addresses.ts';
import { defaultPoolLimits } from './limits.ts';
import { mxSecurity } from './mx-security.ts';
import { tryHosts } from './try-hosts.ts';
import { unreached, type Transport, type TransportDeps } from './transport-deps.ts';

/** Sends to the mail hosts that DNS names for the domain (RFC 5321 §5.1). @param transport  Null for sending without one. */
export async function sendDirect(
  domain: string,
  transport: Transport<'direct'> | null,
  transmission: Transmission,
  deps: TransportDeps,
): Promise<readonly DeliveryOutcome[]> {
  const { network, hostname, resolver, shuffle, tlsPolicies } = deps;
  const found = await findMailHosts(domain, resolver, shuffle, transmission.signal);
  if (found.kind !== 'hosts') return unreached(found, transmission);
  const reachable = addressesOfHosts(domain, found.hosts, transport ?? anySource);
  if (reachable.kind !== 'addresses') return unreached(reachable, transmission);
  const byName = new Map(found.hosts.map((host) => [host.name, host]));
  const question = {
    domain,
    found,
    hostOf: async ({ name }: { readonly name: string }) =>
      byName.get(name) ?? ({ kind: 'skip', reason: `no host ${name}`, status: '4.4.4' } as const),
    tls: transport?.tls ?? 'opportunistic',
  };
  const settings = {
    owner: transport ?? anySource,
    connector: async () => ({ dialer: network.dialer }),
    hostname: transport?.hostname ?? hostname,
    security: await mxSecurity(question, transmission, tlsPolicies),
    setMessages: transport?.limits.messagesPerConnection,
    usualMessages: defaultPoolLimits.maxMessages,
  };
  return await tryHosts(reachable.addresses, settings, transmission, deps);
}
