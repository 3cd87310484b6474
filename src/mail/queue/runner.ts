import { encodeHex } from '#lib/codecs';
import type { Bus } from '#ports/bus';
import type { Clock } from '#ports/clock';
import type { BlobStore } from '#ports/blobs';
import type { Database } from '#ports/database';
import type { Log } from '#ports/log';
import type { Random } from '#ports/random';
import { openContent } from './content.ts';
import { leaseDue, nextDueDomain, nextDueMs, recoverLeases, releaseLease, type LeasedGroup } from './lease.ts';
import { Notifier, type NotifierDeps } from './notifier.ts';
import type { Route, RouteFacts } from './route.ts';
import { Settler } from './settler.ts';
import type { DeliveryOutcome, Transmitter } from './transmitter.ts';

/** How recipients leave the queue. */
export interface Delivery {
  readonly transmitter: Transmitter;
  readonly route: (facts: RouteFacts) => Route;
}

/** What the runner needs. */
export interface QueueRunnerDeps extends NotifierDeps {
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly bus: Bus;
  readonly delivery: Delivery;
}

/** Lanes give back what they did not come to after this long, so that a slow host delays others little. */
const laneTimeMs = 30_000;
const leaseSlackMs = 5 * 60_000;
const maxIdleMs = 60 * 60_000;
const troubleMs = 60_000;

/**
 * Delivers what is due. Each lane serves one domain: it takes a batch of recipients, makes one transmission per message, and takes the next.
 * Woken by the hint `queue` and by its own timer; everything it knows it reads from the rows.
 */
export class QueueRunner {
  readonly #deps: QueueRunnerDeps;
  readonly #settler: Settler;
  readonly #notifier: Notifier;
  readonly #lanes = new Map<string, number>();
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #owned: Disposable[] = [];
  #laneCount = 0;
  /** Domain that the last pass served last, empty when it served them all. */
  #cursor = '';
  #isStarved = false;
  #passWanted = false;
  #isPassing = false;
  #noticesWanted = false;
  #isNotifying = false;
  #timer: Disposable | null = null;
  #noticeTimer: Disposable | null = null;

  constructor(deps: QueueRunnerDeps) {
    this.#deps = deps;
    this.#settler = new Settler({ ...deps, onNotice: () => this.#wakeNotifier() });
    this.#notifier = new Notifier(deps);
  }

  /**
   * Begins delivering.
   * @param options.isOnly  no other process runs this queue, so what is leased now was left by a crash and is taken back at once.
   */
  async start(options: { readonly isOnly: boolean }): Promise<void> {
    if (options.isOnly) await recoverLeases(this.#deps.db, Number.MAX_SAFE_INTEGER);
    const wake = (): void => {
      this.#wake();
      this.#wakeNotifier();
    };
    this.#owned.push(this.#deps.bus.subscribe('queue', wake), this.#deps.bus.onLost(wake));
    wake();
  }

  /** Takes nothing more, aborts transmissions, and resolves when every outcome is recorded. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the queue is stopping'));
    for (const owned of this.#owned.splice(0)) owned[Symbol.dispose]();
    this.#timer?.[Symbol.dispose]();
    this.#noticeTimer?.[Symbol.dispose]();
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  #wake(): void {
    this.#passWanted = true;
    if (!this.#isPassing && !this.#stopping.signal.aborted) this.#track(this.#passes());
  }

  async #passes(): Promise<void> {
    this.#isPassing = true;
    try {
      while (this.#passWanted && !this.#stopping.signal.aborted) {
        this.#passWanted = false;
        await this.#pass();
      }
    } catch (cause) {
      this.#deps.log.error('queue.passFailed', {}, cause);
      this.#wakeIn(troubleMs);
    } finally {
      this.#isPassing = false;
    }
  }

  /** Opens a lane for each domain that has something due, as far as the limits allow. */
  async #pass(): Promise<void> {
    const { db, clock } = this.#deps;
    const nowMs = clock.now();
    await recoverLeases(db, nowMs);
    this.#isStarved = false;
    // Domains take turns: when lanes ran out, the next pass goes on where this one stopped.
    const start = this.#cursor;
    const reachedEnd = await this.#openLanes(start, null, nowMs);
    if (reachedEnd && start !== '') await this.#openLanes('', start, nowMs);
    const next = await nextDueMs(db, nowMs);
    this.#wakeIn(next === null ? maxIdleMs : Math.max(1, next - clock.now()));
  }

  /** Serves due domains after `from`, up to and with `to`. @returns false when all lanes are taken. */
  async #openLanes(from: string, to: string | null, nowMs: number): Promise<boolean> {
    const { db, settings } = this.#deps;
    for (let domain = await nextDueDomain(db, from, nowMs); domain !== null;) {
      if (to !== null && domain > to) break;
      if (this.#laneCount >= settings.maxTransmissions) {
        this.#isStarved = true;
        return false;
      }
      if ((this.#lanes.get(domain) ?? 0) < settings.maxPerDomain) this.#openLane(domain);
      this.#cursor = domain;
      domain = await nextDueDomain(db, domain, nowMs);
    }
    if (to === null) this.#cursor = '';
    return true;
  }

  #wakeIn(ms: number): void {
    this.#timer?.[Symbol.dispose]();
    if (this.#stopping.signal.aborted) return;
    this.#timer = this.#deps.clock.timer(Math.min(ms, maxIdleMs), () => this.#wake());
  }

  #openLane(domain: string): void {
    this.#laneCount += 1;
    this.#lanes.set(domain, (this.#lanes.get(domain) ?? 0) + 1);
    this.#track(this.#lane(domain));
  }

  async #lane(domain: string): Promise<void> {
    let failed = false;
    try {
      while (!this.#stopping.signal.aborted && !this.#isStarved) {
        if (!(await this.#batch(domain))) break;
      }
    } catch (cause) {
      failed = true;
      this.#deps.log.error('queue.laneFailed', { domain }, cause);
    } finally {
      this.#laneCount -= 1;
      const left = (this.#lanes.get(domain) ?? 1) - 1;
      if (left === 0) this.#lanes.delete(domain);
      else this.#lanes.set(domain, left);
      // A pass finds what became due meanwhile, and sets the timer for the retries that were recorded.
      if (failed) this.#wakeIn(troubleMs);
      else this.#wake();
    }
  }

  /** One batch of a lane. @returns whether there may be more. */
  async #batch(domain: string): Promise<boolean> {
    const { db, clock, settings, random } = this.#deps;
    const lease = encodeHex(random.bytes(12));
    const nowMs = clock.now();
    const untilMs = nowMs + settings.attemptTimeoutMs + laneTimeMs + leaseSlackMs;
    const groups = await leaseDue(db, { domain, lease, nowMs, untilMs, limit: settings.batchRecipients });
    if (groups.length === 0) return false;
    const isFull = groups.reduce((sum, group) => sum + group.recipients.length, 0) >= settings.batchRecipients;
    if (isFull) this.#wake(); // there may be work for another lane
    const startedMs = clock.monotonic();
    const untried: number[] = [];
    const settling: Promise<void>[] = [];
    for (const group of groups) {
      const isLate = clock.monotonic() - startedMs > laneTimeMs || this.#stopping.signal.aborted;
      const settled = isLate ? null : await this.#transmit(domain, group, lease);
      if (settled === null) untried.push(...group.recipients.map((recipient) => recipient.id));
      else settling.push(settled.recorded);
    }
    if (untried.length > 0) await releaseLease(db, lease, untried);
    await Promise.all(settling);
    return isFull || untried.length > 0;
  }

  /** Makes one transmission. Null when the server stops before it came to an end. */
  async #transmit(
    domain: string,
    group: LeasedGroup,
    lease: string,
  ): Promise<{ readonly recorded: Promise<void> } | null> {
    const { clock, delivery, log } = this.#deps;
    const { message, recipients } = group;
    const startMs = clock.now();
    let outcomes: readonly DeliveryOutcome[];
    const timeout = new AbortController();
    using _timer = clock.timer(this.#deps.settings.attemptTimeoutMs, () =>
      timeout.abort(new Error('attempt timed out')),
    );
    try {
      const content = await openContent(this.#deps.db, this.#deps.blobs, {
        message: message.id,
        prefix: message.prefix,
        bodySizeBytes: message.bodySizeBytes,
        blobId: message.blobId,
      });
      outcomes = await delivery.transmitter.transmit({
        route: delivery.route({ sender: message.sender, recipientDomain: domain }),
        account: message.account,
        sender: message.sender,
        recipients,
        content,
        has8bit: message.has8bit !== 0,
        smtputf8: message.smtputf8 !== 0,
        tls: message.tls,
        envid: message.envid,
        ret: message.ret,
        signal: AbortSignal.any([timeout.signal, this.#stopping.signal]),
      });
    } catch (cause) {
      if (this.#stopping.signal.aborted) return null;
      log.error('queue.transmissionFailed', { message: message.id, domain }, cause);
      const reason = timeout.signal.aborted ? 'the attempt took too long' : 'internal error during delivery';
      outcomes = recipients.map(() => ({ kind: 'deferred', reason, reply: null, remote: null }));
    }
    // Cut short by us, and the host has said nothing: no attempt that counts.
    const isCut =
      this.#stopping.signal.aborted && outcomes.every((one) => one.kind === 'deferred' && one.reply === null);
    if (isCut) return null;
    this.#logOutcomes(group, outcomes);
    return { recorded: this.#settler.settle({ message, recipients, outcomes, lease, startMs, endMs: clock.now() }) };
  }

  #logOutcomes(group: LeasedGroup, outcomes: readonly DeliveryOutcome[]): void {
    for (const [i, recipient] of group.recipients.entries()) {
      const outcome = outcomes[i];
      this.#deps.log.info('queue.attempt', {
        message: group.message.id,
        recipient: recipient.id,
        outcome: outcome?.kind,
        host: outcome?.remote?.name,
        code: outcome?.reply?.code,
      });
    }
  }

  #wakeNotifier(): void {
    this.#noticesWanted = true;
    if (!this.#isNotifying && !this.#stopping.signal.aborted) this.#track(this.#notify());
  }

  async #notify(): Promise<void> {
    this.#isNotifying = true;
    try {
      while (this.#noticesWanted && !this.#stopping.signal.aborted) {
        this.#noticesWanted = false;
        const nextMs = await this.#notifier.deliverDue(this.#stopping.signal);
        if (nextMs !== null) this.#notifyIn(nextMs - this.#deps.clock.now());
      }
    } catch (cause) {
      this.#deps.log.error('queue.noticesFailed', {}, cause);
      this.#notifyIn(troubleMs);
    } finally {
      this.#isNotifying = false;
    }
  }

  #notifyIn(ms: number): void {
    this.#noticeTimer?.[Symbol.dispose]();
    if (this.#stopping.signal.aborted) return;
    this.#noticeTimer = this.#deps.clock.timer(Math.max(1, ms), () => this.#wakeNotifier());
  }

  #track(work: Promise<void>): void {
    this.#running.add(work);
    void work.finally(() => this.#running.delete(work));
  }
}
