import type { ServerTls } from '#host/net';
import type { ListenerConfig } from '#mail/config';
import type { Channel } from '#ports/channel';
import type { Services } from './services.ts';
import type { Shared } from './shared.ts';

/** A port of a service, as clients see it. */
export interface OfferedPort {
  /** Name of the service. */
  readonly name: string;
  readonly port: number;
}

/** Dependencies of a service on the ports of one listener. */
export interface ServiceContext {
  readonly services: Services;
  readonly shared: Shared;
  readonly config: ListenerConfig;
  readonly hostname: string;
  /** True when the listener has a certificate. */
  readonly hasTls: boolean;
  /** True when that certificate was issued by itself, so that clients trust it only where people told them to. */
  readonly isSelfSigned: boolean;
  /** Returns the ports of all services that are open by now. */
  readonly openPorts: () => readonly OfferedPort[];
}

/** A service at work on one port. */
export interface ServedPort {
  /** Serves one connection to its end. Never rejects. */
  readonly serve: (channel: Channel) => Promise<void>;
  /** Asks open connections to end soon, and those that still come to end at once; after some seconds the server cuts what is left. */
  readonly drain: () => void;
}

/** A service that listeners can offer, such as `imaps`. A protocol is a file with its services and a line in `service-list.ts`. */
export interface Service {
  /** Name of its settings in a listener, and in logs. */
  readonly name: string;
  /** Kind of connection, such as `imap`, by which `Admission` counts it. */
  readonly protocol: string;
  /** TLS begins with the first byte, so that nothing can be said before a handshake. */
  readonly hasImmediateTls: boolean;
  /** TLS settings in which it differs from others. */
  readonly tls?: Pick<ServerTls, 'alpn' | 'asksClientCertificate'>;
  /** Networks of proxies in front of it that bring the requests of many clients, whose connections are not counted by network. Default: none. */
  readonly forwarders?: (listener: ListenerConfig) => readonly string[];
  /** Its settings in a listener; undefined for a listener that does not offer it. */
  readonly settings: (listener: ListenerConfig) => { readonly enabled: boolean; readonly port: number } | undefined;
  /** Begins to serve on a port that is about to be opened. */
  readonly open: (context: ServiceContext) => ServedPort;
}
