/** Where a recipient's mail goes. Transports and smarthosts will be further kinds. */
export type Route =
  /** To the hosts that DNS names for the domain (RFC 5321 §5.1); `domain` is the recipient's, or an address literal. */
  | { readonly kind: 'direct'; readonly domain: string }
  /** To this server's own SMTP port, whatever the domain. */
  | { readonly kind: 'local' };

/** What routing may look at. */
export interface RouteFacts {
  readonly sender: string;
  /** Domain of the recipient, lower case. */
  readonly recipientDomain: string;
}

/** The routing part of the configuration. */
export interface RoutePolicy {
  /** Every message goes to our own SMTP port, as `localserve` wants it. */
  readonly everythingLocal: boolean;
  /** Whether mail for this domain ends at this server. */
  readonly isLocalDomain: (domain: string) => boolean;
}

/** Chooses the route of one recipient. Pure: the same facts and policy give the same route. */
export function route(facts: RouteFacts, policy: RoutePolicy): Route {
  const isLocal = policy.everythingLocal || policy.isLocalDomain(facts.recipientDomain);
  return isLocal ? { kind: 'local' } : { kind: 'direct', domain: facts.recipientDomain };
}
