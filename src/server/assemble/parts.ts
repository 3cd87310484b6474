import type { HandshakeLimits } from '#host/net';
import type { ServerConfig } from '#mail/config';
import type { Signing } from '#mail/dkim';
import type { Routing, Transmitter } from '#mail/queue';
import type { Clock } from '#ports/clock';
import type { Fetcher } from '#ports/fetcher';
import type { Log } from '#ports/log';
import type { Random } from '#ports/random';
import type { Resolver } from '#ports/resolver';
import type { Backend, SessionOptions } from '#proto/smtp-server';
import type { OutsideView } from '#server/operations';
import type { InboundPartsMaker, SenderChecks } from '#server/smtp-in';
import type { SubmissionRulesMaker } from '#server/submission';

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
  /** Checks names of clients that bring mail. */
  readonly senders: (resolver: Resolver) => SenderChecks;
  readonly inbound: InboundPartsMaker;
  readonly submissionRules: SubmissionRulesMaker;
  /** Given what decides for an SMTP session, returns what does. */
  readonly backend: (backend: Backend, deps: BackendDeps) => Backend;
  /** Given the options of SMTP sessions on a port, returns those for most clients and for trusted ones. */
  readonly sessions: (options: SessionOptions, isStartTlsWanted: boolean | undefined) => SessionVariants;
  /** Networks whose clients have no limits, besides the configured ones. */
  readonly trustedNetworks: readonly string[];
  readonly handshakes: HandshakeLimits;
  /** Ports that are tried one after the other when another program has the configured one; 0 stops the server instead. */
  readonly sparePorts: number;
  /** Reports whether HTTP clients may use a host name (lower case, IPv6 in brackets) besides the configured ones. */
  readonly isHttpHost: (host: string) => boolean;
}

/** Means of what is put around a Backend. */
export interface BackendDeps {
  readonly clock: Clock;
  /** Aborted when the server stops. */
  readonly shutdown: AbortSignal;
}

/** Options of SMTP sessions on one port. */
export interface SessionVariants {
  readonly usual: SessionOptions;
  /** For clients on trusted networks. */
  readonly trusted: SessionOptions;
}

/** Dependencies of a view from outside. */
export interface OutsideDeps {
  readonly dns: ServerConfig['dns'];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}
