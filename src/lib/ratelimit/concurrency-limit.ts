import { ipMasks, type IpAddress } from '#lib/domain';
import { Place } from './place.ts';

/** Limits concurrent connections, or similar things, per address and per network that contains it. */
export class ConcurrencyLimit {
  readonly #limits: readonly [number, number, number];
  readonly #open = new Map<string, number>();

  /** @param limits  For IPv4 /32, /26, /21; IPv6 /64, /48, /32. */
  constructor(limits: readonly [number, number, number]) {
    this.#limits = limits;
  }

  /** Takes a place, which is given back when disposed. Returns null when one of the networks has no place left. */
  enter(ip: IpAddress): Disposable | null {
    const { m1, m2, m3 } = ipMasks(ip);
    const masks = [m1, m2, m3];
    if (masks.some((mask, n) => (this.#open.get(mask) ?? 0) >= (this.#limits[n] ?? 0))) return null;
    for (const mask of masks) this.#open.set(mask, (this.#open.get(mask) ?? 0) + 1);
    return new Place(() => this.#leave(masks));
  }

  #leave(masks: readonly string[]): void {
    for (const mask of masks) {
      const rest = (this.#open.get(mask) ?? 1) - 1;
      if (rest === 0) this.#open.delete(mask);
      else this.#open.set(mask, rest);
    }
  }
}
