import { randomFillSync } from 'node:crypto';
import type { Random } from '#ports/random';

/** Asking the system costs as much for a few bytes as for many. */
const poolBytes = 4096;
const maxSmallBytes = 64;

/** Randomness of the operating system. Small needs come out of a pool; what was given is wiped from it. */
class SystemRandom implements Random {
  readonly #pool = new Uint8Array(poolBytes);
  #used = poolBytes;

  bytes(count: number): Uint8Array {
    if (count > maxSmallBytes) return randomFillSync(new Uint8Array(count));
    if (this.#used + count > poolBytes) {
      randomFillSync(this.#pool);
      this.#used = 0;
    }
    const start = this.#used;
    this.#used += count;
    const given = this.#pool.slice(start, this.#used);
    this.#pool.fill(0, start, this.#used);
    return given;
  }
}

/** Randomness of the operating system. */
export const systemRandom: Random = new SystemRandom();
