import type { TransportConfig } from '#mail/config';
import type { MailHosts } from '#mail/mail-hosts';
import type { DeliveryOutcome, Transmission } from '#mail/queue';
import type { TlsPolicies } from '#mail/tls-policies';
import type { Dialer } from '#ports/dialer';
import type { Resolver } from '#ports/resolver';
import { directoryFailure, type HostAddresses } from './host-addresses.ts';
import { forAll } from './host-result.ts';
import type { ProxyAddress, TransportSecrets } from './secrets.ts';
import type { TryHostsDeps } from './try-hosts.ts';

/** Dialers into the network. */
export interface Network {
  readonly dialer: Dialer;
  /** A dialer with certificates of the operator's. @throws Error when they cannot be used. */
  readonly withCertificates: (pem: RelayCertificates) => Dialer;
  /** A dialer through a SOCKS5 proxy, which looks names up. */
  readonly through: (proxy: ProxyAddress) => Dialer;
}

/** Certificates that an operator names for one relay, PEM. */
export interface RelayCertificates {
  /** Shown to servers that ask; null for none. */
  readonly own: { readonly certPem: string; readonly keyPem: string } | null;
  /** Trusted in place of those that the program brings; null for these. */
  readonly trustedPem: string | null;
}

/** Dependencies of each kind of transport, and of sending without one. */
export interface TransportDeps extends TryHostsDeps {
  readonly network: Network;
  readonly resolver: Resolver;
  readonly secrets: TransportSecrets;
  readonly tlsPolicies: TlsPolicies;
  /** Our name for EHLO. */
  readonly hostname: string;
  /** In another order by chance. */
  readonly shuffle: <T>(list: readonly T[]) => T[];
}

/** A transport of one kind, or of several. */
export type Transport<K extends TransportConfig['kind']> = Extract<TransportConfig, { kind: K }>;

/** Returns the outcomes of a transmission for which no host could be found. */
export function unreached(
  found: Exclude<MailHosts, { kind: 'hosts' }> | Exclude<HostAddresses, { kind: 'addresses' }>,
  transmission: Transmission,
): readonly DeliveryOutcome[] {
  const { reason } = found;
  // A lookup of the hosts of a domain fails for now only when DNS does.
  const status = 'status' in found ? found.status : directoryFailure;
  const kind = found.kind === 'later' ? 'deferred' : 'refused';
  return forAll(transmission, { kind, reason, reply: null, status, remote: null });
}
