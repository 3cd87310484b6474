import type { TransportConfig } from '#mail/config';
import type { DeliveryOutcome, Transmission } from '#mail/queue';
import type { Dialer } from '#ports/dialer';
import type { Resolver } from '#ports/resolver';
import type { Hops } from './hops.ts';
import { forAll, later } from './outcomes.ts';
import type { ProxyAddress, TransportSecrets } from './secrets.ts';
import { visit, type Manner, type Security, type VisitDeps } from './visit.ts';

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
  /** Our name for EHLO. */
  readonly hostname: string;
  /** In another order by chance. */
  readonly shuffle: <T>(list: readonly T[]) => T[];
}

/** A transport of one kind, or of several. */
export type Transport<K extends TransportConfig['kind']> = Extract<TransportConfig, { kind: K }>;

/** Visits the places that were found, or says why none were. */
export async function visitFound(
  found: Hops,
  manner: Manner,
  transmission: Transmission,
  deps: VisitDeps,
): Promise<readonly DeliveryOutcome[]> {
  switch (found.kind) {
    case 'hops':
      return await visit(found.hops, manner, transmission, deps);
    case 'never': {
      const { reason, status } = found;
      return forAll(transmission, { kind: 'refused', reason, reply: null, status, remote: null });
    }
    case 'later':
      return forAll(transmission, later(found.reason));
  }
}

/** What a transport to the hosts of domains demands of TLS. */
export function mxSecurity(tls: Transport<'direct' | 'socks'>['tls']): Security {
  switch (tls) {
    case 'opportunistic':
      return { kind: 'opportunistic' };
    case 'required':
      return { kind: 'startTls', verify: 'report' };
    case 'verified':
      return { kind: 'startTls', verify: 'require' };
  }
}
