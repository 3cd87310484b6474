import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Clock } from '#ports/clock';
import type { AuthLimits } from './limits.ts';

interface Proof {
  readonly mac: Uint8Array;
  readonly untilMs: number;
}

/**
 * Recently verified passwords, so that clients that log in often do not cost a slow hash each time. They are kept as HMACs under a key of
 * this process and bound to the stored hash: a new password invalidates them.
 */
export class VerifiedPasswords {
  readonly #clock: Clock;
  readonly #key: Uint8Array;
  readonly #limits: AuthLimits;
  readonly #proofs = new Map<string, Proof>();

  constructor(deps: { readonly clock: Clock; readonly key: Uint8Array; readonly limits: AuthLimits }) {
    this.#clock = deps.clock;
    this.#key = deps.key;
    this.#limits = deps.limits;
  }

  /** Reports whether this password was recently verified against this stored hash. */
  has(account: string, passwordHash: string, password: string): boolean {
    const proof = this.#proofs.get(account);
    if (proof === undefined) return false;
    if (proof.untilMs <= this.#clock.monotonic()) {
      this.#proofs.delete(account);
      return false;
    }
    return timingSafeEqual(proof.mac, this.#mac(passwordHash, password));
  }

  /** Remembers a verified password. */
  add(account: string, passwordHash: string, password: string): void {
    this.#proofs.delete(account);
    if (this.#proofs.size >= this.#limits.maxCached) {
      const oldest = this.#proofs.keys().next();
      if (!oldest.done) this.#proofs.delete(oldest.value);
    }
    const untilMs = this.#clock.monotonic() + this.#limits.cacheMs;
    this.#proofs.set(account, { mac: this.#mac(passwordHash, password), untilMs });
  }

  #mac(passwordHash: string, password: string): Uint8Array {
    return createHmac('sha256', this.#key).update(`${passwordHash}\0${password}`).digest();
  }
}
