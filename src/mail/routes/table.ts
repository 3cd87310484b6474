import type { Config, RouteConfig, TransportConfig } from '#mail/config';
import { comparableDomain, DomainPattern } from './domain-pattern.ts';
import type { RouteLocation } from './types.ts';

/** A route, ready to be asked. */
export interface RouteRule {
  readonly location: RouteLocation;
  readonly fromDomain: DomainPattern;
  readonly toDomain: DomainPattern;
  readonly minimumAttempts: number;
  readonly transport: string;
}

/** The routing part of a configuration, ready to be asked. Made once for each configuration. */
export interface RoutingTable {
  readonly transports: ReadonlyMap<string, TransportConfig>;
  /** By account name. */
  readonly accounts: ReadonlyMap<string, readonly RouteRule[]>;
  /** By domain in A-labels; every domain of ours is there. */
  readonly domains: ReadonlyMap<string, readonly RouteRule[]>;
  readonly global: readonly RouteRule[];
  /** Reason for people that no mail leaves this server; null when it may. */
  readonly keptHere: string | null;
}

/** Prepares the routes of a checked configuration. */
export function routingTable({ server, domains }: Config): RoutingTable {
  return {
    transports: new Map(Object.entries(server.transports)),
    accounts: new Map(
      Object.entries(domains.accounts).map(([name, { routes }]) => [
        name,
        rules(routes, 'account', 'domains', ['accounts', name]),
      ]),
    ),
    domains: new Map(
      Object.entries(domains.domains).map(([name, { routes }]) => [
        comparableDomain(name),
        rules(routes, 'domain', 'domains', ['domains', name]),
      ]),
    ),
    global: rules(server.routes, 'global', 'server', []),
    keptHere: null,
  };
}

function rules(
  routes: readonly RouteConfig[],
  scope: RouteLocation['scope'],
  file: RouteLocation['file'],
  owner: readonly string[],
): readonly RouteRule[] {
  return routes.map(({ fromDomain, toDomain, minimumAttempts, transport }, i) => ({
    location: { scope, file, path: [...owner, 'routes', i] },
    fromDomain: new DomainPattern(fromDomain),
    toDomain: new DomainPattern(toDomain),
    minimumAttempts,
    transport,
  }));
}
