import type { TransportConfig } from '#mail/config';
import type { MailHosts } from '#mail/destination';
import type { DeliveryOutcome, Transmission } from '#mail/queue';
import type { TlsPolicies } from '#mail/tls-policies';
import type { Dialer } from '#ports/dialer';
import type { Resolver } from '#ports/resolver';
import { forAll, later } from './outcomes.ts';
import type { ProxyAddress, TransportSecrets } from './secrets.ts';
import type { VisitDeps } from './visit.ts';

/** The ways into the network. */
export interface Network {
  readonly dialer: Dialer;
  /** A dialer that shows our certificate to servers that ask. @throws Error when the two do not belong together. */
  readonly withCertificate: (pem: { readonly certPem: string; readonly keyPem: string }) => Dialer;
  /** A dialer through a SOCKS5 proxy, which looks names up. */
  readonly through: (proxy: ProxyAddress) => Dialer;
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
  found: Exclude<MailHosts, { kind: 'hosts' }>,
  transmission: Transmission,
): readonly DeliveryOutcome[] {
  if (found.kind === 'later') return forAll(transmission, later(found.reason));
  const { reason, status } = found;
  return forAll(transmission, { kind: 'refused', reason, reply: null, status, remote: null });
}
