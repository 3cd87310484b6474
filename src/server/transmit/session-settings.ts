import type { Dialer } from '#ports/dialer';
import type { ClientCredentials } from '#proto/smtp-client';
import type { HostAddress } from './host-addresses.ts';
import type { Security, SkippedHost } from './security.ts';

/** The parts that only a new connection needs. */
export interface Connector {
  readonly dialer: Dialer;
  readonly credentials?: ClientCredentials;
}

/** Settings of SMTP sessions with the hosts of one transport, or without a transport. */
export interface SessionSettings {
  /** The configuration that connections are made with: for another object they are not reused. */
  readonly owner: object;
  readonly connector: () => Promise<Connector>;
  /** Our name for EHLO. */
  readonly hostname: string;
  readonly security: (host: HostAddress) => Promise<Security | SkippedHost>;
  /** Messages over one connection as the operator set them. */
  readonly setMessages?: number | undefined;
  /** Messages over one connection otherwise. */
  readonly usualMessages: number;
  /** True for our own port, where acceptance is delivery. */
  readonly isOurs?: boolean;
  /** True when a proxy looks up the addresses: those of hosts are names. */
  readonly isByName?: boolean;
}
