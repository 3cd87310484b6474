import type { DeliveryOutcome, Transmission } from '#mail/queue';
import { anyOrigin, domainHops } from './hops.ts';
import { mxSecurity, visitFound, type Transport, type WayDeps } from './ways.ts';

/** To the hosts that DNS names for the domain (RFC 5321 §5.1). @param transport  null for the way without one. */
export async function sendDirect(
  domain: string,
  transport: Transport<'direct'> | null,
  transmission: Transmission,
  deps: WayDeps,
): Promise<readonly DeliveryOutcome[]> {
  const { network, hostname } = deps;
  const found = await domainHops(domain, transport ?? anyOrigin, deps, transmission.signal);
  const manner = {
    dialer: network.dialer,
    hostname: transport?.hostname ?? hostname,
    security: mxSecurity(transport?.tls ?? 'opportunistic'),
  };
  return await visitFound(found, manner, transmission, deps);
}
