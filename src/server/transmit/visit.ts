import type { DeliveryOutcome, Transmission } from '#mail/queue';
import type { TlsPolicies } from '#mail/tls-policies';
import type { Clock } from '#ports/clock';
import type { Dialer } from '#ports/dialer';
import type { Log } from '#ports/log';
import type { Random } from '#ports/random';
import type { ClientCredentials } from '#proto/smtp-client';
import { withEachReason } from './address-failures.ts';
import { HopVisit } from './hop-visit.ts';
import type { Hop } from './hops.ts';
import { defaultAttemptMs } from './limits.ts';
import type { LostHosts } from './lost-hosts.ts';
import { forAll, later, type Tried } from './outcomes.ts';
import type { ConnectionPool } from './pool.ts';
import type { Left, Security } from './security.ts';

/** What only a new connection needs. */
export interface Means {
  readonly dialer: Dialer;
  readonly credentials?: ClientCredentials;
}

/** How servers are visited on one way. */
export interface Manner {
  /** Whose settings connections are made with: for another object they are not used. */
  readonly owner: object;
  readonly means: () => Means | Promise<Means>;
  /** Our name for EHLO. */
  readonly hostname: string;
  readonly security: (hop: Hop) => Security | Left | Promise<Security | Left>;
  /** Messages over one connection: as the operator says, and otherwise. */
  readonly setMessages?: number | undefined;
  readonly usualMessages: number;
  /** It is our own port, where acceptance is delivery. */
  readonly isOurs?: boolean;
  /** Hops have names in place of addresses. */
  readonly isByName?: boolean;
}

/** What visiting needs besides. */
export interface VisitDeps {
  readonly random: Random;
  readonly log: Log;
  readonly clock: Clock;
  readonly pool: ConnectionPool;
  readonly lostHosts: LostHosts;
  readonly tlsPolicies: Pick<TlsPolicies, 'judge'>;
}

/** Tries one place after the other until one takes the message, or refuses it for good, or may have taken it. */
export async function visit(
  all: readonly Hop[],
  manner: Manner,
  transmission: Transmission,
  deps: VisitDeps,
): Promise<readonly DeliveryOutcome[]> {
  const { clock, lostHosts } = deps;
  const hops = lostHosts.inOrder(transmission, all);
  const endMs = clock.monotonic() + (transmission.timeLimitMs ?? defaultAttemptMs);
  let outcomes: readonly DeliveryOutcome[] = forAll(transmission, later('no host could be tried'));
  const failures: { readonly hop: Hop; readonly outcomes: readonly DeliveryOutcome[] }[] = [];
  const known = await overKnown(hops, manner, transmission, deps, endMs);
  if (known?.tried.kind === 'done') return conclude(known.hop, known.tried, transmission, lostHosts);
  for (const [i, hop] of hops.entries()) {
    if (transmission.signal.aborted) break;
    const untilMs = turnEndMs(hops.length - i, endMs, clock);
    const tried = hop === known?.hop ? known.tried : await new HopVisit(hop, manner, transmission, deps).run(untilMs);
    if (tried.kind === 'done') return conclude(hop, tried, transmission, lostHosts);
    failures.push({ hop, outcomes: tried.outcomes });
    if (transmission.signal.aborted) lostHosts.note(transmission, hop);
    // RFC 8689 §4.2.1: it is hopeless when every host is; one that is only down may do better tomorrow.
    const isHopeless = tried.outcomes.every(({ kind }) => kind === 'refused');
    if (i === 0 || !isHopeless || outcomes.every(({ kind }) => kind === 'refused')) outcomes = tried.outcomes;
    if (tried.isEverywhere === true) break;
  }
  return withEachReason(outcomes, failures);
}

/** While others wait, a place has half of the time that is left, so that those who answer byte by byte do not starve them. Monotonic. */
function turnEndMs(placesLeft: number, endMs: number, clock: Clock): number {
  if (placesLeft === 1) return Number.POSITIVE_INFINITY;
  const nowMs = clock.monotonic();
  return nowMs + (endMs - nowMs) / 2;
}

/** Keeps in mind for the next attempt where this one was lost. */
function conclude(
  hop: Hop,
  tried: Extract<Tried, { kind: 'done' }>,
  transmission: Transmission,
  lostHosts: LostHosts,
): readonly DeliveryOutcome[] {
  if (tried.fellSilent === true) lostHosts.note(transmission, hop);
  else lostHosts.forget(transmission);
  return tried.outcomes;
}

/** Over a connection that waits at any address of the first host, so that an address which never answers is waited for once, not for each message. */
async function overKnown(
  hops: readonly Hop[],
  manner: Manner,
  transmission: Transmission,
  deps: VisitDeps,
  endMs: number,
): Promise<{ readonly hop: Hop; readonly tried: Tried } | null> {
  // With one address the visit itself looks.
  if (hops.length === 1) return null;
  for (const hop of hops) {
    if (hop.name !== hops[0]?.name) break;
    const tried = await new HopVisit(hop, manner, transmission, deps).again(turnEndMs(hops.length, endMs, deps.clock));
    if (tried !== null) return { hop, tried };
  }
  return null;
}
