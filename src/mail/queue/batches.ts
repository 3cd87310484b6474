import { encodeHex } from '#lib/codecs';
import { storedMessageBytes } from '#mail/content';
import type { RecipientId } from '#lib/ids';
import { decideRoute, describeDecision, type RouteDecision } from '#mail/routes';
import type { BlobStore } from '#ports/blobs';
import type { Clock } from '#ports/clock';
import { ConditionError, conditionText } from '#ports/conditions';
import type { Database } from '#ports/database';
import type { Log } from '#ports/log';
import type { Random } from '#ports/random';
import { openContent } from './content.ts';
import { laneOf, limitsOf, transportName, type Lane, type MessageLimit, type Routing } from './lane.ts';
import { leaseDue, moveLeased, pausedStatus, releaseLease, type LeasedGroup, type LeasedMessage } from './lease.ts';
import type { MessageRate } from './message-rate.ts';
import type { LeasedRecipient } from './recipient-row.ts';
import type { QueueSettings } from './settings.ts';
import type { AttemptRoute, Settler } from './settler.ts';
import { senderDomainOf, storedAddress, storedSender } from './stored-address.ts';
import type { DeliveryOutcome, Transmitter } from './transmitter.ts';
import type { LoginResult, TransportPause, TransportPauses } from './transport-pauses.ts';

/** Dependencies of `Batches`. */
interface BatchesDeps {
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly settings: QueueSettings;
  readonly routing: Routing;
  readonly transmitter: Transmitter;
  readonly settler: Settler;
  readonly rate: MessageRate;
  readonly pauses: TransportPauses;
  /** The server stops. */
  readonly stopping: AbortSignal;
  /** Called when there may be work for another lane. */
  readonly onMore: () => void;
}

/** A name by which recipients are taken, and until when. */
interface Lease {
  readonly lease: string;
  /** Milliseconds since 1970. */
  readonly untilMs: number;
}

/** Result of a batch of leased recipients. */
interface BatchResult {
  /** The rate of the transport let no more go. */
  readonly isHeld: boolean;
  /** All of them were delivered, or wait in another lane: nothing is to be tried again here. */
  readonly isDelivered: boolean;
  /** Recipients given back untried. */
  readonly untried: number;
}

/** A transmission that ended, and when its outcome is durable. */
interface Transmitted {
  readonly isDelivered: boolean;
  readonly recorded: Promise<void>;
}

/** Recipients of one message, perhaps with the bytes of its body. */
interface Deliverable extends LeasedGroup {
  /** Absent or null: they have to be read. */
  readonly bytes?: Uint8Array | null;
}

/** Recipients of one message in one lane, and where the attempt takes them. */
interface RoutedGroup extends Deliverable {
  /** One for each recipient; never empty, and all with one target. */
  readonly decisions: readonly RouteDecision[];
  /** Returns the lane in which a recipient waits for another attempt. */
  readonly nextLane: (recipient: LeasedRecipient) => Lane;
}

/** Lanes give back what they did not come to after this long, so that a slow host delays others little. */
const laneTimeMs = 30_000;
const leaseSlackMs = 5 * 60_000;
/** An attempt that is aborted has so long to end. */
const abortGraceMs = 60_000;

/** Delivers what is due in a lane, a batch at a time: one transmission for each message. */
export class Batches {
  readonly #deps: BatchesDeps;

  constructor(deps: BatchesDeps) {
    this.#deps = deps;
  }

  /** Returns the name and the end of a new lease; the end is in milliseconds since 1970. */
  newLease(): Lease {
    const { clock, settings, random } = this.#deps;
    const untilMs = clock.now() + settings.attemptTimeoutMs + laneTimeMs + leaseSlackMs;
    return { lease: encodeHex(random.bytes(12)), untilMs };
  }

  /** Delivers one batch. @returns whether there may be more. */
  async deliver(lane: Lane): Promise<boolean> {
    const { db, clock, settings } = this.#deps;
    const { lease, untilMs } = this.newLease();
    const nowMs = clock.now();
    const leased = await leaseDue(db, { lane, lease, nowMs, untilMs, limit: settings.batchRecipients });
    if (leased.length === 0) return false;
    const isFull = leased.reduce((sum, group) => sum + group.recipients.length, 0) >= settings.batchRecipients;
    if (isFull) this.#deps.onMore();
    const { isHeld, untried } = await this.deliverLeased(lane, leased, lease);
    return !isHeld && (isFull || untried > 0);
  }

  /** Delivers what is leased already; resolves when the outcomes are recorded. */
  async deliverLeased(lane: Lane, leased: readonly Deliverable[], lease: string): Promise<BatchResult> {
    const { db, clock, settings, stopping, pauses } = this.#deps;
    const groups = await this.#routedOrReleased(leased, lane, lease);
    const { rate } = limitsOf(this.#deps.routing.table().transports.get(lane.transport), settings);
    const startedMs = clock.monotonic();
    const untried: RecipientId[] = [];
    const settling: Promise<void>[] = [];
    let isHeld = false;
    let isDelivered = true;
    for (const group of groups) {
      const isLate = clock.monotonic() - startedMs > laneTimeMs || stopping.aborted;
      const pause = isLate || isHeld ? null : pauses.pauseOf(lane.transport);
      if (pause !== null) {
        isDelivered = false;
        settling.push(this.#postpone(lane, group, lease, pause));
        continue;
      }
      isHeld ||= !isLate && rate !== null && !this.#mayGo(lane, rate);
      const settled = isLate || isHeld ? null : await this.#transmit(lane, group, lease);
      isDelivered &&= settled?.isDelivered === true;
      if (settled === null) untried.push(...group.recipients.map((recipient) => recipient.id));
      else settling.push(settled.recorded);
    }
    if (untried.length > 0) await releaseLease(db, lease, untried);
    await Promise.all(settling);
    return { isHeld, isDelivered, untried: untried.length };
  }

  /** Counts a message against the rate of the lane's transport, when there is room. */
  #mayGo({ transport }: Lane, limit: MessageLimit): boolean {
    const { rate, clock } = this.#deps;
    const nowMs = clock.now();
    if (rate.readyMs(transport, limit, nowMs) > nowMs) return false;
    rate.count(transport, limit, nowMs);
    return true;
  }

  /** As `#routed`; when that fails no recipient was tried, and none should wait for the end of the lease. */
  async #routedOrReleased(groups: readonly Deliverable[], lane: Lane, lease: string): Promise<RoutedGroup[]> {
    try {
      return await this.#routed(groups, lane, lease);
    } catch (cause) {
      const ids = groups.flatMap(({ recipients }) => recipients.map(({ id }) => id));
      await releaseLease(this.#deps.db, lease, ids);
      throw cause;
    }
  }

  /** Decides on a route for each recipient. Those that belong to another lane, as routes changed since, are given back to wait there. */
  async #routed(groups: readonly Deliverable[], lane: Lane, lease: string): Promise<RoutedGroup[]> {
    const moves: { readonly id: RecipientId; readonly lane: Lane }[] = [];
    const routed: RoutedGroup[] = [];
    for (const { message, recipients, bytes = null } of groups) {
      const decide = await this.#decider(message);
      const staying = recipients.map((recipient) => ({ recipient, decision: decide(recipient, recipient.attempts) }));
      const here = staying.filter(({ recipient, decision }) => {
        const right = laneOf(decision, recipient.domain);
        const isHere = right.transport === lane.transport && right.destination === lane.destination;
        if (!isHere) moves.push({ id: recipient.id, lane: right });
        return isHere;
      });
      if (here.length === 0) continue;
      routed.push({
        message,
        bytes,
        recipients: here.map(({ recipient }) => recipient),
        decisions: here.map(({ decision }) => decision),
        nextLane: (recipient) => laneOf(decide(recipient, recipient.attempts + 1), recipient.domain),
      });
    }
    if (moves.length > 0) {
      await moveLeased(this.#deps.db, lease, moves);
      this.#deps.onMore();
    }
    return routed;
  }

  async #decider(message: LeasedMessage): Promise<(recipient: LeasedRecipient, attempts: number) => RouteDecision> {
    const { routing } = this.#deps;
    const account = message.account === null ? null : await routing.findAccount(message.account);
    const senderDomain = senderDomainOf(message.sender);
    const table = routing.table();
    return ({ domain: recipientDomain, transport }, attempts) =>
      decideRoute({ account, senderDomain, recipientDomain, attempts, transport }, table);
  }

  /** Makes one transmission. Null when the server stops before it came to an end. */
  async #transmit(lane: Lane, group: RoutedGroup, lease: string): Promise<Transmitted | null> {
    const { clock, log, settings, settler, stopping, pauses } = this.#deps;
    const { message, recipients } = group;
    const startMs = clock.now();
    pauses.enter(lane.transport);
    let outcomes: readonly DeliveryOutcome[];
    const timeout = new AbortController();
    const tooLong = `the dialogue had not ended within ${Math.round(settings.attemptTimeoutMs / 60_000)} minutes`;
    using _timer = clock.timer(settings.attemptTimeoutMs, () => timeout.abort(new Error(tooLong)));
    const { promise: tooLate, reject } = Promise.withResolvers<never>();
    // A transmission that heeds no signal must not outlast the lease: its outcome would be lost.
    using _last = clock.timer(settings.attemptTimeoutMs + abortGraceMs, () => reject(timeout.signal.reason));
    try {
      outcomes = await Promise.race([this.#hand(group, AbortSignal.any([timeout.signal, stopping])), tooLate]);
    } catch (cause) {
      if (stopping.aborted) return null;
      log.error('queue.transmissionFailed', { message: message.id, ...lane }, cause);
      const reason = timeout.signal.aborted ? 'the attempt took too long' : reasonOf(cause);
      outcomes = recipients.map(() => ({ kind: 'deferred', reason, reply: null, remote: null }));
    }
    // Cut short by us, and the host has said nothing: no attempt that counts.
    const isCut = stopping.aborted && outcomes.every((one) => one.kind === 'deferred' && one.reply === null);
    if (isCut) return null;
    this.#logOutcomes(lane, group, outcomes);
    const { login, reason } = loginOf(outcomes);
    const pause = await pauses.leave(lane.transport, login, reason);
    const ended = { message, recipients, routes: routesOf(group, lane, outcomes), lease, startMs, endMs: clock.now() };
    if (pause !== null) {
      const paused = { untilMs: pause.untilMs, isTried: true };
      const recorded = settler.settle({ ...ended, outcomes: outcomes.map((one) => postponed(pause, one)), paused });
      return { isDelivered: false, recorded };
    }
    const recorded = settler.settle({ ...ended, outcomes });
    return { isDelivered: outcomes.every(({ kind }) => kind === 'delivered'), recorded };
  }

  /** Lets recipients wait for the end of a pause, without an attempt. Those that are too old fail, and senders get delay notices. */
  #postpone(lane: Lane, group: RoutedGroup, lease: string, pause: TransportPause): Promise<void> {
    const { clock, settler } = this.#deps;
    const { message, recipients } = group;
    const nowMs = clock.now();
    const outcomes = recipients.map(() => postponed(pause));
    const paused = { untilMs: pause.untilMs, isTried: false };
    const routes = group.decisions.map((decision) => attemptRoute(decision, lane));
    return settler.settle({ message, recipients, outcomes, routes, lease, startMs: nowMs, endMs: nowMs, paused });
  }

  async #hand(
    { message, recipients, decisions, bytes = null }: RoutedGroup,
    signal: AbortSignal,
  ): Promise<readonly DeliveryOutcome[]> {
    const [decision] = decisions;
    if (decision === undefined) throw new Error('a transmission without recipients');
    const { id, account, sender, prefix, bodySizeBytes, crc32, blobId, tls, envid, ret } = message;
    const { db, blobs } = this.#deps;
    const content =
      bytes === null
        ? await openContent(db, blobs, { message: id, prefix, bodySizeBytes, crc32, blobId })
        : storedMessageBytes(blobs, 'queue', { sizeBytes: bodySizeBytes, crc32, blobId, bytes }, prefix);
    return await this.#deps.transmitter.transmit({
      route: decision.target,
      account,
      sender: storedSender(sender),
      recipients: recipients.map((recipient) => ({ ...recipient, address: storedAddress(recipient.address) })),
      content,
      has8bit: message.has8bit !== 0,
      smtputf8: message.smtputf8 !== 0,
      tls,
      envid,
      ret,
      signal,
      timeLimitMs: this.#deps.settings.attemptTimeoutMs,
    });
  }

  #logOutcomes({ transport }: Lane, group: RoutedGroup, outcomes: readonly DeliveryOutcome[]): void {
    for (const [i, recipient] of group.recipients.entries()) {
      const outcome = outcomes[i];
      this.#deps.log.info('queue.attempt', {
        message: group.message.id,
        recipient: `${group.message.id}.${recipient.number}`,
        outcome: outcome?.kind,
        host: outcome?.remote?.name,
        code: outcome?.reply?.code,
        ...(transport !== '' && { transport }),
      });
    }
  }
}

/** Reason that the sender gets for trouble of our own. */
function reasonOf(cause: unknown): string {
  return cause instanceof ConditionError
    ? `on our side: ${conditionText(cause.kind)}`
    : 'internal error during delivery';
}

/** Reports whether a login was accepted or refused, with the server's words. */
function loginOf(outcomes: readonly DeliveryOutcome[]): { readonly login: LoginResult; readonly reason: string } {
  const refused = outcomes.find((one) => one.kind === 'deferred' && one.isLoginRefused === true);
  if (refused?.kind === 'deferred') {
    const host = refused.remote === null ? '' : `${refused.remote.name}: `;
    return { login: 'refused', reason: `${host}${refused.reason}` };
  }
  // A connection that was made earlier proves nothing of the secret as it is now.
  const isIn = outcomes.some(
    ({ kind, remote }) =>
      remote?.session?.isReused !== true && (kind === 'delivered' || (remote?.session?.mechanism ?? null) !== null),
  );
  return { login: isIn ? 'accepted' : 'unknown', reason: '' };
}

/** Outcome for a recipient that waits for the end of a pause: the trouble is ours, and no refusal of the message. */
function postponed({ transport, reason }: TransportPause, tried?: DeliveryOutcome): DeliveryOutcome {
  const [words = ''] = reason.split('\n');
  return {
    kind: 'deferred',
    reason: `transport ${transport} is paused, as its server refused the login of this server (${words})`,
    reply: null,
    status: pausedStatus,
    remote: tried?.remote ?? null,
  };
}

/** Returns the route of each recipient's attempt, with the lane for another one unless it is delivered. */
function routesOf(
  { recipients, decisions, nextLane }: RoutedGroup,
  lane: Lane,
  outcomes: readonly DeliveryOutcome[],
): AttemptRoute[] {
  return decisions.map((decision, i) => {
    const recipient = recipients[i];
    const isDelivered = outcomes[i]?.kind === 'delivered';
    return attemptRoute(decision, isDelivered || recipient === undefined ? lane : nextLane(recipient));
  });
}

function attemptRoute(decision: RouteDecision, next: Lane): AttemptRoute {
  return {
    transport: transportName(decision.target),
    explanation: describeDecision(decision).join('\n'),
    next,
    isLocal: decision.target.kind === 'local',
  };
}
