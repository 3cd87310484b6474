import type { Bus } from '#ports/bus';
import type { Clock } from '#ports/clock';
import type { BlobStore } from '#ports/blobs';
import type { Database } from '#ports/database';
import type { Log } from '#ports/log';
import type { Random } from '#ports/random';
import { Batches } from './batches.ts';
import type { AcceptedGroup, Express, Reservation } from './express.ts';
import type { Lane, Routing } from './lane.ts';
import { Lanes } from './lanes.ts';
import { endPause, recoverLeases } from './lease.ts';
import { countEarlier, MessageRate } from './message-rate.ts';
import { Notifier, type NotifierDeps } from './notifier.ts';
import type { PerAccount } from './per-account.ts';
import { nextDueMs } from './recipient-rows.ts';
import { sortIntoLanes } from './sort-lanes.ts';
import { Settler } from './settler.ts';
import type { Transmitter } from './transmitter.ts';
import { TransportPauses, type TransportPause } from './transport-pauses.ts';

/** Ways by which recipients leave the queue. */
export interface Delivery {
  readonly transmitter: Transmitter;
  readonly routing: Routing;
}

/** Dependencies of the runner. */
export interface QueueRunnerDeps extends Omit<NotifierDeps, 'follower'> {
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly bus: Bus;
  readonly delivery: Delivery;
  /** Policies of accounts; without them, all are treated alike and nothing is suppressed. */
  readonly perAccount?: PerAccount;
}

const maxIdleMs = 60 * 60_000;
const troubleMs = 60_000;

/**
 * Delivers what is due. Each lane serves one destination by one transport: it takes a batch of recipients, makes one transmission per message,
 * and takes the next. Woken by the hint `queue` and by its own timer; everything it knows it reads from the rows.
 */
export class QueueRunner implements Express {
  readonly #deps: QueueRunnerDeps;
  readonly #rate = new MessageRate();
  readonly #lanes: Lanes;
  readonly #batches: Batches;
  readonly #notifier: Notifier;
  readonly #pauses: TransportPauses;
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #owned: Disposable[] = [];
  /** Nothing was leased since the start, and no other process runs this queue. */
  #mayTakeAll = false;
  #isStarted = false;
  #passWanted = false;
  #isPassing = false;
  #sortWanted = false;
  #isSorting = false;
  #noticesWanted = false;
  #isNotifying = false;
  #timer: Disposable | null = null;
  #noticeTimer: Disposable | null = null;

  constructor(deps: QueueRunnerDeps) {
    this.#deps = deps;
    const rate = this.#rate;
    const { routing, transmitter } = deps.delivery;
    const settler = new Settler({ ...deps, stopping: this.#stopping.signal, onNotice: () => this.#wakeNotifier() });
    this.#notifier = new Notifier({ ...deps, follower: deps.perAccount?.follower ?? null });
    this.#pauses = new TransportPauses({
      ...deps,
      secretOf: async (name) => {
        const transport = routing.table().transports.get(name);
        if (transport === undefined) return null;
        return (await transmitter.loginSecret?.(transport))?.reveal() ?? null;
      },
      onResume: (transport) => this.#track(this.#endPause(transport)),
    });
    this.#lanes = new Lanes({ ...deps, routing, rate, open: (lane) => this.#track(this.#lane(lane)) });
    this.#batches = new Batches({
      ...deps,
      routing,
      transmitter,
      settler,
      rate,
      pauses: this.#pauses,
      stopping: this.#stopping.signal,
      onMore: () => this.#wake(),
    });
  }

  /**
   * Begins delivering.
   * @param options.isOnly  no other process runs this queue, so what is leased now was left by a crash and is taken back at once.
   */
  async start(options: { readonly isOnly: boolean }): Promise<void> {
    const { db, bus, clock, delivery, settings } = this.#deps;
    await countEarlier(this.#rate, { db, settings, routing: delivery.routing }, clock.now());
    this.#mayTakeAll = options.isOnly;
    await this.#recover().catch((cause: unknown) => this.#deps.log.error('queue.recoverFailed', {}, cause));
    const wake = (): void => {
      this.#wake();
      this.#wakeNotifier();
    };
    const sort = (): void => {
      this.#pauses.resume(null, 'the configuration changed');
      this.#wakeSorter();
    };
    // Pauses are not kept: a server that starts tries the login anew.
    await this.#endPause(null);
    this.#owned.push(bus.subscribe('queue', wake), bus.subscribe('config', sort), bus.onLost(wake));
    this.#isStarted = true;
    sort();
    wake();
  }

  /** Takes nothing more, aborts transmissions, and resolves when every outcome is recorded. */
  async stop(): Promise<void> {
    this.#stopping.abort(new Error('the queue is stopping'));
    this.#pauses.stop();
    for (const owned of this.#owned.splice(0)) owned[Symbol.dispose]();
    this.#timer?.[Symbol.dispose]();
    this.#noticeTimer?.[Symbol.dispose]();
    while (this.#running.size > 0) await Promise.allSettled(this.#running);
  }

  /** Transports that wait, as their servers refused our login. */
  get pauses(): readonly TransportPause[] {
    return this.#pauses.list();
  }

  /** Ends the pause of a transport, or of all. @returns names of those that were paused. */
  resumeTransport(transport: string | null, why: string): string[] {
    return this.#pauses.resume(transport, why);
  }

  async #endPause(transport: string | null): Promise<void> {
    const { db, clock, log } = this.#deps;
    await endPause(db, transport, clock.now()).catch((cause: unknown) => log.error('queue.resumeFailed', {}, cause));
    this.#wake();
  }

  /** Takes a slot of a lane for a message that is being accepted. `stop` waits for it. */
  reserve(lane: Lane): Reservation | null {
    // Before old leases are taken back, a new one would look like them.
    if (!this.#isStarted || this.#mayTakeAll || this.#stopping.signal.aborted) return null;
    if (!this.#lanes.openOne(lane)) return null;
    const { lease, untilMs } = this.#batches.newLease();
    const accepted = Promise.withResolvers<AcceptedGroup | null>();
    this.#track(this.#express(lane, lease, accepted.promise));
    return { lease, untilMs, go: accepted.resolve, cancel: () => accepted.resolve(null) };
  }

  /** Delivers one message in a lane that is open for it. */
  async #express(lane: Lane, lease: string, accepted: Promise<AcceptedGroup | null>): Promise<void> {
    let isDone = false;
    try {
      const group = await accepted;
      isDone = group === null || (await this.#batches.deliverLeased(lane, [group], lease)).isDelivered;
    } catch (cause) {
      this.#deps.log.error('queue.laneFailed', { ...lane }, cause);
    } finally {
      const isWaitedFor = this.#lanes.isWaitedFor(lane);
      this.#lanes.closed(lane);
      // A retry needs the timer that a pass sets, and others may wait for the slot; what was delivered needs nothing.
      if (!isDone || isWaitedFor) this.#wake();
    }
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

  /** Opens lanes for what is due, and sets the timer for what will be. */
  async #pass(): Promise<void> {
    const { db, clock } = this.#deps;
    const nowMs = clock.now();
    await this.#recover();
    const readyMs = await this.#lanes.openDue(nowMs);
    const dueMs = await db.read((reader) => nextDueMs(reader, nowMs));
    const nextMs = Math.min(readyMs ?? Number.POSITIVE_INFINITY, dueMs ?? Number.POSITIVE_INFINITY);
    this.#wakeIn(Math.max(1, nextMs - clock.now()));
  }

  /** Takes back what was leased by runners that are gone; at first, when no other can be at work, everything. */
  async #recover(): Promise<void> {
    const { db, clock } = this.#deps;
    await recoverLeases(db, this.#mayTakeAll ? Number.MAX_SAFE_INTEGER : clock.now());
    this.#mayTakeAll = false;
  }

  #wakeIn(ms: number): void {
    this.#timer?.[Symbol.dispose]();
    if (this.#stopping.signal.aborted) return;
    this.#timer = this.#deps.clock.timer(Math.min(ms, maxIdleMs), () => this.#wake());
  }

  async #lane(lane: Lane): Promise<void> {
    let failed = false;
    try {
      while (!this.#stopping.signal.aborted && this.#lanes.mayGoOn(lane)) {
        if (!(await this.#batches.deliver(lane))) break;
      }
    } catch (cause) {
      failed = true;
      this.#deps.log.error('queue.laneFailed', { ...lane }, cause);
    } finally {
      this.#lanes.closed(lane);
      // A pass finds what became due meanwhile, and sets the timer for the retries that were recorded.
      if (failed) this.#wakeIn(troubleMs);
      else this.#wake();
    }
  }

  #wakeSorter(): void {
    this.#sortWanted = true;
    if (!this.#isSorting && !this.#stopping.signal.aborted) this.#track(this.#sort());
  }

  /** Sorts again after routes may have changed: a recipient behind the limit of another lane need not wait for it. */
  async #sort(): Promise<void> {
    this.#isSorting = true;
    const { db, delivery, log } = this.#deps;
    try {
      while (this.#sortWanted && !this.#stopping.signal.aborted) {
        this.#sortWanted = false;
        if ((await sortIntoLanes(db, delivery.routing, this.#stopping.signal)) > 0) this.#wake();
      }
    } catch (cause) {
      // Each recipient's lane is checked again before it is tried.
      log.error('queue.sortFailed', {}, cause);
    } finally {
      this.#isSorting = false;
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
