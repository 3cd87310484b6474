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
import { later, type Tried } from './outcomes.ts';
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

/** A place that was tried in vain, with what came of it for each recipient. */
interface Failure {
  readonly hop: Hop;
  readonly outcomes: readonly DeliveryOutcome[];
}

/** Everything that stays the same while one place is tried after the other. */
interface Course {
  readonly manner: Manner;
  readonly deps: VisitDeps;
  /** When the attempt is over, by the monotonic clock. */
  readonly endMs: number;
  /** A place that was tried already, over a connection that waited. */
  readonly known: { readonly hop: Hop; readonly tried: Tried } | null;
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
  const known = await overKnown(hops, manner, transmission, deps, endMs);
  const isDone = known?.tried.kind === 'done';
  const order = isDone ? [known.hop, ...hops.filter((hop) => hop !== known.hop)] : hops;
  return await visitEach(order, transmission, [], { manner, deps, endMs, known });
}

/** @param before  Places that these recipients were tried at before, in vain. */
async function visitEach(
  hops: readonly Hop[],
  transmission: Transmission,
  before: readonly Failure[],
  course: Course,
): Promise<readonly DeliveryOutcome[]> {
  const { manner, deps, endMs, known } = course;
  const { clock, lostHosts } = deps;
  const failures = [...before];
  for (const [i, hop] of hops.entries()) {
    if (transmission.signal.aborted) return withEachReason(untilAnother(reasons(transmission, failures)), failures);
    const untilMs = turnEndMs(hops.length - i, endMs, clock);
    const tried = hop === known?.hop ? known.tried : await new HopVisit(hop, manner, transmission, deps).run(untilMs);
    if (tried.kind === 'done') {
      conclude(hop, tried, transmission, lostHosts);
      const { lacking = [] } = tried;
      if (lacking.length === 0) return tried.outcomes;
      const those = <T>(list: readonly T[]): T[] => lacking.flatMap((k) => list[k] ?? []);
      const rest = { ...transmission, recipients: those(transmission.recipients) };
      const theirs = [...failures, { hop, outcomes: tried.outcomes }].map((failure) => ({
        hop: failure.hop,
        outcomes: those(failure.outcomes),
      }));
      const found = await visitEach(hops.slice(i + 1), rest, theirs, course);
      return tried.outcomes.map((outcome, k) => found[lacking.indexOf(k)] ?? outcome);
    }
    failures.push({ hop, outcomes: tried.outcomes });
    if (transmission.signal.aborted) lostHosts.note(transmission, hop);
    if (tried.isEverywhere === true) break;
  }
  return withEachReason(reasons(transmission, failures), failures);
}

/**
 * Returns what places that were all tried in vain come to, for each recipient. It is hopeless where every host is (RFC 8689 §4.2.1); one that is only
 * down may do better tomorrow.
 */
function reasons(transmission: Transmission, failures: readonly Failure[]): readonly DeliveryOutcome[] {
  return transmission.recipients.map((_, i) => {
    const outcomes = failures.flatMap(({ outcomes: those }) => those[i] ?? []);
    return outcomes.findLast(({ kind }) => kind === 'deferred') ?? outcomes.at(-1) ?? later('no host could be tried');
  });
}

/** Returns outcomes of an attempt that ended before the last place: nothing is hopeless yet. */
function untilAnother(outcomes: readonly DeliveryOutcome[]): readonly DeliveryOutcome[] {
  return outcomes.map((one) => (one.kind === 'refused' ? later(one.reason, one.remote, one.reply) : one));
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
): void {
  if (tried.fellSilent === true) lostHosts.note(transmission, hop);
  else lostHosts.forget(transmission);
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
