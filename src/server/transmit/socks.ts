import { findMailHost, findMxNames, type MailHost, type MxNames } from '#mail/mail-hosts';
import type { DeliveryOutcome, Transmission } from '#mail/queue';
import type { Resolver } from '#ports/resolver';
import { directoryFailure, smtpPort, type HostAddress } from './host-addresses.ts';
import { defaultPoolLimits } from './limits.ts';
import { mxSecurity } from './mx-security.ts';
import { forAll, later } from './host-result.ts';
import { SecretUnavailable } from './secrets.ts';
import type { SkippedHost } from './security.ts';
import { tryHosts } from './try-hosts.ts';
import { unreached, type Transport, type TransportDeps } from './transport-deps.ts';

/** Sends to the mail hosts of the domain through a SOCKS5 proxy: we ask DNS for their names, the proxy for their addresses. */
export async function sendThroughSocks(
  domain: string,
  transport: Transport<'socks'>,
  transmission: Transmission,
  deps: TransportDeps,
): Promise<readonly DeliveryOutcome[]> {
  const { network, hostname, secrets, resolver, shuffle, tlsPolicies } = deps;
  const names = await findMxNames(domain, resolver, shuffle, transmission.signal);
  if (names.kind === 'none' || names.kind === 'later') return unreached(names, transmission);
  const question = {
    domain,
    found: foundBy(names, domain),
    hostOf: (host: HostAddress, signal: AbortSignal) => hostOf(host, resolver, signal),
    tls: transport.tls,
  };
  try {
    const settings = {
      owner: transport,
      connector: async () => ({ dialer: network.through(await secrets.proxy(transport)) }),
      hostname: transport.remoteHostname ?? hostname,
      security: await mxSecurity(question, transmission, tlsPolicies),
      setMessages: transport.limits.messagesPerConnection,
      usualMessages: defaultPoolLimits.maxMessages,
      isByName: true,
    };
    return await tryHosts(addressesOf(names, domain), settings, transmission, deps);
  } catch (error) {
    if (error instanceof SecretUnavailable) return forAll(transmission, later(error.message));
    throw error;
  }
}

type Known = Exclude<MxNames, { kind: 'none' | 'later' }>;

function foundBy(names: Known, domain: string) {
  if (names.kind !== 'names') return { mx: 'none', expandedDomain: domain } as const;
  return { mx: names.isAuthentic ? 'authentic' : 'insecure', expandedDomain: names.expandedDomain } as const;
}

function addressesOf(names: Known, domain: string): HostAddress[] {
  switch (names.kind) {
    case 'names':
      return names.names.map((name) => ({ name, address: name, port: smtpPort }));
    case 'implicit':
      return [{ name: domain, address: domain, port: smtpPort }];
    case 'address':
      return [{ name: domain, address: names.address, port: smtpPort }];
  }
}

/** For DANE we look the host up as well, though the proxy decides where it is: its zone must be signed. One that only the proxy knows has no DANE. */
async function hostOf(
  { name, address }: HostAddress,
  resolver: Resolver,
  signal: AbortSignal,
): Promise<MailHost | SkippedHost> {
  const unknown = { name, addresses: [address], canonicalName: name, isAuthentic: false };
  if (name.startsWith('[')) return unknown;
  const { host, failure } = await findMailHost(name, resolver, signal);
  // An attacker who can silence DNS must not be able to switch DANE off.
  if (host === null && failure !== null)
    return { kind: 'skip', reason: `looking up the addresses of ${name}: ${failure}`, status: directoryFailure };
  return host ?? unknown;
}
