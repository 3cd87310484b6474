import type { TransportConfig } from '#mail/config';

/** One attempt at one recipient. */
export interface RouteQuestion {
  /** Name of the account that submitted; null for mail of the server itself. */
  readonly account: string | null;
  /** Domain of the reverse-path in A-labels, or an address literal in brackets, in lower case; null for the null reverse-path. */
  readonly senderDomain: string | null;
  /** Domain of the recipient, in the same form. */
  readonly recipientDomain: string;
  /** Attempts that ended before this one. */
  readonly attempts: number;
  /** Transport that an operator set on the message, `direct` for none; null when routes decide. */
  readonly transport?: string | null;
}

/** Destination of the mail. */
export type RouteTarget =
  /** To the hosts that DNS names for the domain (RFC 5321 §5.1); `domain` is in A-labels, or an address literal. */
  | { readonly kind: 'direct'; readonly domain: string }
  /** To this server's own SMTP port. */
  | { readonly kind: 'local' }
  /** By a transport; `domain` as in `direct`, for those that go to its hosts by another way. */
  | { readonly kind: 'transport'; readonly name: string; readonly transport: TransportConfig; readonly domain: string }
  /** The operator set a transport that is not configured (any more): to be tried later. */
  | { readonly kind: 'missing'; readonly name: string };

/** Place of a rule in the configuration. */
export interface RouteLocation {
  readonly scope: 'account' | 'domain' | 'global';
  /** Which of the two configuration files. */
  readonly file: 'server' | 'domains';
  /** Path in the file, as problems of the configuration give it: `accounts`, `alice`, `routes`, 0. */
  readonly path: readonly (string | number)[];
}

/** The first condition of a rule that does not hold. */
export type Mismatch = 'fromDomain' | 'toDomain' | 'minimumAttempts';

/** A rule that was asked and did not match. */
export interface Considered {
  readonly location: RouteLocation;
  readonly mismatch: Mismatch;
  /** Wanted values of the rule: domains as written, or the number of attempts. */
  readonly wanted: readonly string[];
}

/** Reason of a decision. */
export type RouteReason =
  | { readonly kind: 'rule'; readonly location: RouteLocation; readonly transport: string }
  /** No rule matched. */
  | { readonly kind: 'default' }
  | { readonly kind: 'operator'; readonly transport: string }
  /** Mail for this domain ends here, before any rule. */
  | { readonly kind: 'ownDomain' }
  /** No mail leaves this server; `otherwise` is the reason that would hold if it might. */
  | { readonly kind: 'keptHere'; readonly why: string; readonly otherwise: RouteReason };

/** A target and why. */
export interface RouteDecision {
  readonly target: RouteTarget;
  readonly reason: RouteReason;
  /** Rules that were asked before, in this order. */
  readonly passedOver: readonly Considered[];
}
