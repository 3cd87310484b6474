import type { Listener } from '#host/net';
import type { ListenerConfig } from '#mail/config';
import type { Services } from './services.ts';
import type { Shared } from './shared.ts';

/** The services that a listener can offer. */
export const serviceNames = ['smtp', 'submission', 'submissions', 'imap', 'imaps'] as const;
/** Name of a service, as in the configuration. */
export type ServiceName = (typeof serviceNames)[number];

/** A port that is open. */
export interface OpenService {
  readonly service: ServiceName;
  /** Name of the listener in the configuration. */
  readonly name: string;
  readonly listener: Listener;
}

/** Dependencies of a service on one port. */
export interface ServiceContext {
  readonly services: Services;
  readonly shared: Shared;
  readonly config: ListenerConfig;
  readonly hostname: string;
  readonly service: ServiceName;
  /** True when the listener has a certificate. */
  readonly hasTls: boolean;
  readonly shutdown: AbortSignal;
}
