import type { AccountId } from '#lib/ids';
import type { TransportConfig } from '#mail/config';
import type { RouteDecision, RouteTarget, RoutingTable } from '#mail/routes';
import type { QueueSettings } from './settings.ts';

/** Recipients that share a limit of concurrency: those for one destination by one transport. */
export interface Lane {
  /** Name of the transport; empty for none. */
  readonly transport: string;
  /** Domain, or `*` where the transport takes the mail for all domains to one server. */
  readonly destination: string;
}

/** Routes as the queue asks them. */
export interface Routing {
  /** The routes in force now. */
  table(): RoutingTable;
  /** Name of an account as far as it is in memory, null otherwise: for guesses that are checked before each attempt. */
  knownAccount(id: AccountId): string | null;
  /** Name of an account; null when it was removed. */
  findAccount(id: AccountId): Promise<string | null>;
}

/** The lane that a recipient waits in. */
export function laneOf({ target }: RouteDecision, domain: string): Lane {
  switch (target.kind) {
    case 'local':
      return { transport: '', destination: domain };
    case 'direct':
      return { transport: '', destination: target.domain };
    case 'missing':
      return { transport: target.name, destination: everywhere };
    case 'transport':
      return { transport: target.name, destination: goesToDomains(target.transport) ? target.domain : everywhere };
  }
}

/** The transport of a route by name, null for none. */
export function transportName(target: RouteTarget): string | null {
  return target.kind === 'transport' || target.kind === 'missing' ? target.name : null;
}

/** Limits of the concurrency and the rate of a transport. */
export interface LaneLimits {
  /** Transmissions at a time to one destination. */
  readonly perDestination: number;
  /** Transmissions at a time by the transport. */
  readonly altogether: number;
  /** Messages in each span of time; null when they are not counted. */
  readonly rate: MessageLimit | null;
}

/** So many messages in so much time. */
export interface MessageLimit {
  readonly messages: number;
  readonly perMs: number;
}

/** The limits of a transport, undefined for none. */
export function limitsOf(
  transport: TransportConfig | undefined,
  { concurrencyPerDestination }: Pick<QueueSettings, 'concurrencyPerDestination'>,
): LaneLimits {
  if (transport === undefined || transport.kind === 'fail') {
    return { perDestination: concurrencyPerDestination, altogether: Number.POSITIVE_INFINITY, rate: null };
  }
  const { concurrency, messages, per } = transport.limits;
  const rate = messages === undefined ? null : { messages, perMs: per };
  if (goesToDomains(transport)) {
    return { perDestination: concurrencyPerDestination, altogether: concurrency ?? Number.POSITIVE_INFINITY, rate };
  }
  const most = concurrency ?? concurrencyPerDestination;
  return { perDestination: most, altogether: most, rate };
}

const everywhere = '*';

function goesToDomains({ kind }: TransportConfig): boolean {
  return kind === 'direct' || kind === 'socks';
}
