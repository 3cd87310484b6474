import type { HandshakeLimits } from '#host/net';
import type { ServerConfig } from '#mail/config';
import type { Signing } from '#mail/dkim';
import type { Routing, Transmitter } from '#mail/queue';
import type { Clock } from '#ports/clock';
import type { Fetcher } from '#ports/fetcher';
import type { Log } from '#ports/log';
import type { Random } from '#ports/random';
import type { Resolver } from '#ports/resolver';
import type { OutsideView } from '#server/operations';

/** The parts in which servers differ by their purpose. Chosen once, when the services are opened; nothing else asks what kind of server this is. */
export interface Parts {
  /** Given the routes of the configuration, returns those that hold. */
  readonly routing: (configured: Routing) => Routing;
  /** Given the keys of the configuration, returns those that sign. */
  readonly signing: (configured: Signing) => Signing;
  /** Given what carries mail over the network, returns what carries it out of the queue. */
  readonly transmitter: (network: Transmitter) => Transmitter;
  /** Fetches the policies of other domains. */
  readonly fetcher: (resolver: Resolver) => Fetcher;
  /** Looks at this server from outside. */
  readonly outsideView: (deps: OutsideDeps) => OutsideView;
  /** Networks whose clients have no limits, besides the configured ones. */
  readonly trustedNetworks: readonly string[];
  readonly handshakes: HandshakeLimits;
}

/** Dependencies of a view from outside. */
export interface OutsideDeps {
  readonly dns: ServerConfig['dns'];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}
