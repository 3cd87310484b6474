import type { Secret } from '#lib/secret';
import type { TransportConfig } from '#mail/config';
import type { DeliveryOutcome, Transmission, Transmitter } from '#mail/queue';
import type { TlsPolicies } from '#mail/tls-policies';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import type { Random } from '#ports/random';
import type { Resolver } from '#ports/resolver';
import { sendDirect } from './direct.ts';
import { failedByTransport } from './fail.ts';
import { LostHosts } from './lost-hosts.ts';
import { forAll, later } from './host-result.ts';
import { sendToRelay } from './relay.ts';
import { ConnectionPool } from './pool.ts';
import type { TransportSecrets } from './secrets.ts';
import { plaintextSecurity } from './security.ts';
import { sendThroughSocks } from './socks.ts';
import { tryHosts } from './try-hosts.ts';
import type { Network, TransportDeps } from './transport-deps.ts';

/** Dependencies of transmitting. */
export interface SmtpTransmitterDeps {
  readonly network: Network;
  readonly resolver: Resolver;
  readonly secrets: TransportSecrets;
  /** Demands on TLS; counts the results. */
  readonly tlsPolicies: TlsPolicies;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Our name for EHLO. */
  readonly hostname: string;
  /** Our own port for incoming mail; null when there is none. */
  readonly ownSmtp: { readonly address: string; readonly port: number } | null;
}

/** Makes the transactions of the queue, each by the transport of its route, over connections that are kept for a few seconds. */
export class SmtpTransmitter implements Transmitter, AsyncDisposable {
  readonly #deps: SmtpTransmitterDeps;
  readonly #transportDeps: TransportDeps;
  readonly #pool: ConnectionPool;

  constructor(deps: SmtpTransmitterDeps) {
    this.#deps = deps;
    this.#pool = new ConnectionPool(deps);
    this.#transportDeps = {
      ...deps,
      pool: this.#pool,
      lostHosts: new LostHosts(),
      shuffle: (list) => shuffled(list, deps.random),
    };
  }

  /** Ends the connections that wait. To be called when nothing is transmitted any more. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }

  async transmit(transmission: Transmission): Promise<readonly DeliveryOutcome[]> {
    const { route } = transmission;
    switch (route.kind) {
      case 'local':
        return await this.#sendToOurselves(transmission);
      case 'direct':
        return await sendDirect(route.domain, null, transmission, this.#transportDeps);
      case 'missing':
        return forAll(transmission, later(`the transport ${route.name} is not configured`));
      case 'transport':
        return await this.#sendBy(route, transmission);
    }
  }

  async loginSecret(transport: TransportConfig): Promise<Secret | null> {
    if (!('auth' in transport) || transport.auth === undefined) return null;
    const { auth } = transport;
    const { secrets } = this.#deps;
    return auth.tokenFile === undefined ? await secrets.password(auth) : await secrets.token(auth.tokenFile);
  }

  async #sendToOurselves(transmission: Transmission): Promise<readonly DeliveryOutcome[]> {
    const { ownSmtp, hostname, network } = this.#deps;
    if (ownSmtp === null) return forAll(transmission, later('this server has no SMTP listener to deliver to'));
    const settings = {
      owner: ownSmtp,
      connector: async () => ({ dialer: network.dialer }),
      hostname,
      // Also with REQUIRETLS: it does not travel at all.
      security: async () => plaintextSecurity,
      usualMessages: Number.POSITIVE_INFINITY,
      isOurs: true,
    };
    return await tryHosts([{ name: hostname, ...ownSmtp }], settings, transmission, this.#transportDeps);
  }

  async #sendBy(
    { transport, domain }: Extract<Transmission['route'], { kind: 'transport' }>,
    transmission: Transmission,
  ): Promise<readonly DeliveryOutcome[]> {
    switch (transport.kind) {
      case 'submissions':
      case 'submission':
      case 'smtp':
        return await sendToRelay(transport, transmission, this.#transportDeps);
      case 'socks':
        return await sendThroughSocks(domain, transport, transmission, this.#transportDeps);
      case 'direct':
        return await sendDirect(domain, transport, transmission, this.#transportDeps);
      case 'fail':
        return forAll(transmission, failedByTransport(transport));
    }
  }
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const keys = random.bytes(list.length);
  return list
    .map((item, i) => ({ item, key: keys[i] ?? 0 }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ item }) => item);
}
