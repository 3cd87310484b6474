import { ipMasks, type IpAddress } from '#lib/domain';

/** At most `limits[n]` events of a network of mask class n within `windowMs`. Classes: IPv4 /32, /26, /21; IPv6 /64, /48, /32. */
export interface EventWindow {
  readonly windowMs: number;
  readonly limits: readonly [number, number, number];
}

interface Counter {
  startMs: number;
  previous: number;
  current: number;
}

const maxCounters = 100_000;

/**
 * Counts events per network in sliding windows: the previous window counts in proportion to how much of it is still covered,
 * so that no client gets a double portion at a window's edge.
 */
export class EventLimit {
  readonly #windows: readonly EventWindow[];
  readonly #counters = new Map<string, Counter>();

  constructor(windows: readonly EventWindow[]) {
    this.#windows = windows;
  }

  /**
   * Reports whether another event of this address fits all windows; does not count it.
   * @param nowMs  By a clock that never goes back, the same for all calls.
   * @param pending  Events of a network (by its mask's text) that may still be counted.
   */
  allows(ip: IpAddress, nowMs: number, pending: (mask: string) => number = none): boolean {
    return this.#each(ip, (mask, key, window, limit) => this.#level(key, window, nowMs) + pending(mask) + 1 <= limit);
  }

  /** Counts an event if it fits. @returns false when it does not. */
  take(ip: IpAddress, nowMs: number): boolean {
    if (!this.allows(ip, nowMs)) return false;
    this.count(ip, nowMs);
    return true;
  }

  /** Counts an event, whether it fits or not. */
  count(ip: IpAddress, nowMs: number): void {
    this.#each(ip, (_mask, key, window) => {
      const counter = this.#counter(key, window, nowMs);
      counter.current += 1;
      return true;
    });
    if (this.#counters.size > maxCounters) this.#forget(nowMs);
  }

  /** Returns the time in ms after `nowMs` until another event of this address fits all windows, if none is counted meanwhile; 0 when it fits now. */
  waitMs(ip: IpAddress, nowMs: number): number {
    let wait = 0;
    this.#each(ip, (_mask, key, window, limit) => {
      if (this.#counters.has(key))
        wait = Math.max(wait, untilRoom(this.#counter(key, window, nowMs), window, limit - 1) - nowMs);
      return true;
    });
    return wait;
  }

  /** Takes back one event that was counted at `eventMs`. */
  takeBack(ip: IpAddress, eventMs: number, nowMs: number): void {
    this.#each(ip, (_mask, key, window) => {
      if (!this.#counters.has(key)) return true;
      const counter = this.#counter(key, window, nowMs);
      if (eventMs >= counter.startMs) counter.current = Math.max(0, counter.current - 1);
      else if (eventMs >= counter.startMs - window.windowMs) counter.previous = Math.max(0, counter.previous - 1);
      return true;
    });
  }

  #each(ip: IpAddress, test: (mask: string, key: string, window: EventWindow, limit: number) => boolean): boolean {
    const masks = masksOf(ip);
    let fits = true;
    for (const [w, window] of this.#windows.entries()) {
      masks.forEach((mask, n) => {
        if (!test(mask, `${w} ${mask}`, window, window.limits[n] ?? 0)) fits = false;
      });
    }
    return fits;
  }

  #level(key: string, window: EventWindow, nowMs: number): number {
    const known = this.#counters.get(key);
    if (known === undefined) return 0;
    const counter = this.#counter(key, window, nowMs);
    const covered = 1 - (nowMs - counter.startMs) / window.windowMs;
    return counter.current + counter.previous * Math.max(0, covered);
  }

  #counter(key: string, { windowMs }: EventWindow, nowMs: number): Counter {
    let counter = this.#counters.get(key);
    if (counter === undefined) {
      counter = { startMs: nowMs, previous: 0, current: 0 };
      this.#counters.set(key, counter);
      return counter;
    }
    const windowsPassed = Math.floor((nowMs - counter.startMs) / windowMs);
    if (windowsPassed > 0) {
      counter.previous = windowsPassed === 1 ? counter.current : 0;
      counter.current = 0;
      counter.startMs += windowsPassed * windowMs;
    }
    return counter;
  }

  #forget(nowMs: number): void {
    const longestMs = Math.max(...this.#windows.map(({ windowMs }) => windowMs));
    for (const [key, { startMs }] of this.#counters) if (nowMs - startMs >= 2 * longestMs) this.#counters.delete(key);
    // Still too many: insertion order is age, so the oldest half goes.
    let excess = this.#counters.size - maxCounters / 2;
    if (this.#counters.size <= maxCounters) return;
    for (const key of this.#counters.keys()) {
      if (excess-- <= 0) break;
      this.#counters.delete(key);
    }
  }
}

function none(): number {
  return 0;
}

function masksOf(ip: IpAddress): readonly [string, string, string] {
  const { m1, m2, m3 } = ipMasks(ip);
  return [m1, m2, m3];
}

/** Returns the time at which the level of a counter has fallen to `room`, at least 0, by the clock of its events. */
function untilRoom({ startMs, previous, current }: Counter, { windowMs }: EventWindow, room: number): number {
  if (current <= room)
    return previous === 0 ? startMs : startMs + windowMs * Math.max(0, 1 - (room - current) / previous);
  return startMs + windowMs + windowMs * (1 - Math.max(0, room) / current);
}
