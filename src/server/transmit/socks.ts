import { findMxNames } from '#mail/destination';
import type { DeliveryOutcome, Transmission } from '#mail/queue';
import { smtpPort, type Hops } from './hops.ts';
import { forAll, later } from './outcomes.ts';
import { SecretUnavailable } from './secrets.ts';
import { mxSecurity, visitFound, type Transport, type WayDeps } from './ways.ts';

/** To the hosts of the domain through a SOCKS5 proxy: we ask DNS for their names, the proxy for their addresses. */
export async function sendThroughSocks(
  domain: string,
  transport: Transport<'socks'>,
  transmission: Transmission,
  deps: WayDeps,
): Promise<readonly DeliveryOutcome[]> {
  const { network, hostname, secrets } = deps;
  try {
    const manner = {
      dialer: network.through(await secrets.proxy(transport)),
      hostname: transport.remoteHostname ?? hostname,
      security: mxSecurity(transport.tls),
      isByName: true,
    };
    return await visitFound(await namedHops(domain, transmission.signal, deps), manner, transmission, deps);
  } catch (error) {
    if (error instanceof SecretUnavailable) return forAll(transmission, later(error.message));
    throw error;
  }
}

async function namedHops(domain: string, signal: AbortSignal, { resolver, shuffle }: WayDeps): Promise<Hops> {
  const found = await findMxNames(domain, resolver, shuffle, signal);
  switch (found.kind) {
    case 'names':
      return { kind: 'hops', hops: found.names.map((name) => ({ name, address: name, port: smtpPort })) };
    case 'implicit':
      return { kind: 'hops', hops: [{ name: domain, address: domain, port: smtpPort }] };
    case 'address':
      return { kind: 'hops', hops: [{ name: domain, address: found.address, port: smtpPort }] };
    case 'none':
      return { kind: 'never', reason: found.reason, status: found.status };
    case 'later':
      return found;
  }
}
