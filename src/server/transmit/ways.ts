import type { TransportConfig } from '#mail/config';
import type { MailHosts } from '#mail/destination';
import type { DeliveryOutcome, Transmission } from '#mail/queue';
import type { TlsPolicies } from '#mail/tls-policies';
import type { Dialer } from '#ports/dialer';
import type { Resolver } from '#ports/resolver';
import { directoryFailure, type Hops } from './hops.ts';
import { forAll } from './outcomes.ts';
import type { ProxyAddress, TransportSecrets } from './secrets.ts';
import type { VisitDeps } from './visit.ts';

/** The ways into the network. */
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

/** What each way needs. */
export interface WayDeps extends VisitDeps {
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

/** There is no place to try. */
export function unreached(
  found: Exclude<MailHosts, { kind: 'hosts' }> | Exclude<Hops, { kind: 'hops' }>,
  transmission: Transmission,
): readonly DeliveryOutcome[] {
  const { reason } = found;
  // Whoever looks up hosts of domains fails for now only when DNS does.
  const status = 'status' in found ? found.status : directoryFailure;
  const kind = found.kind === 'later' ? 'deferred' : 'refused';
  return forAll(transmission, { kind, reason, reply: null, status, remote: null });
}
