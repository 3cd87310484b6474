import type { Database } from '#ports/database';
import { dueLanes, type DueLanes } from './due-lanes.ts';
import { limitsOf, type Lane, type LaneLimits, type Routing } from './lane.ts';
import type { MessageRate } from './message-rate.ts';
import type { QueueSettings } from './settings.ts';

/** Dependencies of `Lanes`. */
interface LanesDeps {
  readonly db: Database;
  readonly routing: Routing;
  readonly settings: Pick<QueueSettings, 'concurrency' | 'concurrencyPerDestination'>;
  readonly rate: MessageRate;
  /** Begins to serve a lane; `closed` is to be called when it ends. */
  readonly open: (lane: Lane) => void;
}

/**
 * Which lanes are at work. A destination has its own limit and so has a transport, so that neither a slow host nor a slow
 * transport stalls others; when lanes run out, transports are served round-robin, and so are the destinations of each.
 */
export class Lanes {
  readonly #deps: LanesDeps;
  readonly #open = new Map<string, number>();
  readonly #byTransport = new Map<string, number>();
  /** Destination that the last pass served last, by transport; absent when it served them all. */
  readonly #cursors = new Map<string, string>();
  /** Transports with more due than they may have lanes. */
  readonly #full = new Set<string>();
  /** Lanes with more due than the last pass could open them for. */
  readonly #waitedFor = new Set<string>();
  #count = 0;
  #isStarved = false;
  /** Transport at which the lanes ran out; null when they did not. */
  #stoppedAt: string | null = null;

  constructor(deps: LanesDeps) {
    this.#deps = deps;
  }

  /** Opens lanes for what is due, as far as limits allow. @returns when a rate lets more go, in milliseconds since 1970; null when none waits. */
  async openDue(nowMs: number): Promise<number | null> {
    this.#isStarved = false;
    this.#full.clear();
    this.#waitedFor.clear();
    let readyMs: number | null = null;
    const due = await dueLanes(this.#deps.db, nowMs);
    for (const transport of await this.#transportsRoundRobin(due)) {
      const limits = this.#limits(transport);
      const atMs = limits.rate === null ? nowMs : this.#deps.rate.readyMs(transport, limits.rate, nowMs);
      if (atMs > nowMs) {
        readyMs = Math.min(readyMs ?? atMs, atMs);
        continue;
      }
      await this.#serve(transport, limits, due);
      if (this.#isStarved) {
        this.#stoppedAt = transport;
        return readyMs;
      }
    }
    this.#stoppedAt = null;
    return readyMs;
  }

  /** Reports whether a lane may take another batch: not while others wait for lanes. */
  mayGoOn({ transport }: Lane): boolean {
    return !this.#isStarved && !this.#full.has(transport);
  }

  /** Reports whether recipients wait for a slot that this lane would free. */
  isWaitedFor(lane: Lane): boolean {
    return !this.mayGoOn(lane) || this.#waitedFor.has(keyOf(lane));
  }

  /** Opens one lane where limits allow and no other waits for it, without looking for what is due. Transports that count messages are left to `openDue`. */
  openOne(lane: Lane): boolean {
    const { rate, perDestination, altogether } = this.#limits(lane.transport);
    if (rate !== null || this.isWaitedFor(lane) || this.#count >= this.#deps.settings.concurrency) return false;
    if ((this.#open.get(keyOf(lane)) ?? 0) >= perDestination) return false;
    if ((this.#byTransport.get(lane.transport) ?? 0) >= altogether) return false;
    this.#take(lane);
    return true;
  }

  /** A lane ended. */
  closed(lane: Lane): void {
    this.#count -= 1;
    add(this.#open, keyOf(lane), -1);
    add(this.#byTransport, lane.transport, -1);
  }

  #take(lane: Lane): void {
    this.#count += 1;
    add(this.#open, keyOf(lane), 1);
    add(this.#byTransport, lane.transport, 1);
  }

  async #transportsRoundRobin(due: DueLanes): Promise<string[]> {
    const names = [''];
    for (let name = await due.nextTransport(''); name !== null; name = await due.nextTransport(name)) {
      names.push(name);
    }
    const begin = this.#stoppedAt === null ? 0 : names.indexOf(this.#stoppedAt) + 1;
    return [...names.slice(begin), ...names.slice(0, begin)];
  }

  #limits(transport: string): LaneLimits {
    const { routing, settings } = this.#deps;
    return limitsOf(routing.table().transports.get(transport), settings);
  }

  /** Destinations are served round-robin: when lanes ran out, the next pass goes on where this one stopped. */
  async #serve(transport: string, limits: LaneLimits, due: DueLanes): Promise<void> {
    const start = this.#cursors.get(transport) ?? '';
    const reachedEnd = await this.#walk(transport, limits, { from: start, to: null }, due);
    if (reachedEnd && start !== '') await this.#walk(transport, limits, { from: '', to: start }, due);
  }

  /** Serves due destinations after `from`, up to and with `to`. @returns false when there are no lanes left. */
  async #walk(
    transport: string,
    limits: LaneLimits,
    { from, to }: { readonly from: string; readonly to: string | null },
    due: DueLanes,
  ): Promise<boolean> {
    const { settings, open } = this.#deps;
    for (let destination = await due.nextDestination(transport, from); destination !== null;) {
      if (to !== null && destination > to) break;
      if (this.#count >= settings.concurrency) {
        this.#isStarved = true;
        return false;
      }
      const lane = { transport, destination };
      if ((this.#open.get(keyOf(lane)) ?? 0) < limits.perDestination) {
        if ((this.#byTransport.get(transport) ?? 0) >= limits.altogether) {
          this.#full.add(transport);
          return false;
        }
        this.#take(lane);
        open(lane);
      } else {
        this.#waitedFor.add(keyOf(lane));
      }
      this.#cursors.set(transport, destination);
      destination = await due.nextDestination(transport, destination);
    }
    if (to === null) this.#cursors.delete(transport);
    return true;
  }
}

function keyOf({ transport, destination }: Lane): string {
  // No transport has a space in its name.
  return `${transport} ${destination}`;
}

function add(counts: Map<string, number>, key: string, change: number): void {
  const count = (counts.get(key) ?? 0) + change;
  if (count === 0) counts.delete(key);
  else counts.set(key, count);
}
