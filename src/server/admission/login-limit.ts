import { ipMasks, type IpAddress } from '#lib/domain';
import { ConcurrencyLimit, EventLimit } from '#lib/ratelimit';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import { Lockouts, type Lockout } from './lockouts.ts';

/** One try to log in. It counts against its network until it ends; disposing one that did not end withdraws it. */
export interface LoginAttempt extends Disposable {
  /** The guess was wrong, or not even looked at. @param login  The name tried, null when it did not come to that. */
  failed(login: string | null): void;
  /** The login succeeded: wrong guesses at the same name from the same address are forgiven. */
  succeeded(login: string): void;
}

/** The answer to a client that wants to log in. */
export type LoginAdmission =
  | { readonly kind: 'admitted'; readonly attempt: LoginAttempt }
  | { readonly kind: 'failedTooOften' }
  /** Too many logins of this network are being checked. */
  | { readonly kind: 'busy' };

/** Limits on logins of one network; triples are for IPv4 /32, /26, /21 and IPv6 /64, /48, /32. */
export const loginLimits = {
  failuresPerMinute: [10, 30, 90],
  failuresPerDay: [50, 150, 450],
  /** Tries that may wait until others of their network have ended. */
  waiting: [50, 150, 450],
  /** Longest wait for them. */
  waitMs: 10_000,
  /** Names of which wrong guesses are remembered, so that a right one can forgive them. */
  maxNames: 10_000,
  /** Wrong tokens that are remembered, so that each counts once. */
  maxTokens: 10_000,
} as const;

const dayMs = 86_400_000;

interface Waiter {
  readonly ip: IpAddress;
  readonly resolve: (admission: LoginAdmission) => void;
}

/**
 * Wrong guesses per network. A guess counts from its beginning, so that guesses made at once are not more than guesses made one after another: when
 * those under way could reach the limit, the next one waits for their end. A right login forgives wrong guesses at its own name only.
 */
export class LoginLimit {
  readonly #clock: Clock;
  readonly #failures = new EventLimit([
    { windowMs: 60_000, limits: loginLimits.failuresPerMinute },
    { windowMs: dayMs, limits: loginLimits.failuresPerDay },
  ]);
  /** Attempts under way, by mask. */
  readonly #underWay = new Map<string, number>();
  readonly #places = new ConcurrencyLimit(loginLimits.waiting);
  readonly #waiters = new Set<Waiter>();
  /** When wrong guesses were made, by address and name, oldest name first. */
  readonly #guesses = new Map<string, number[]>();

  /** Wrong tokens that were counted, by address, oldest first. */
  readonly #tokens = new Set<string>();
  readonly #lockouts: Lockouts;

  /** @param log  Gets the start of each lockout; null for none. */
  constructor(clock: Clock, log: Log | null = null) {
    this.#clock = clock;
    this.#lockouts = new Lockouts(clock, log);
  }

  /** Lockouts in force, the latest first. */
  get lockouts(): readonly Lockout[] {
    return this.#lockouts.inForce((ip) => !this.allows(ip));
  }

  /** Reports whether an address may try to log in: it, and the networks around it, did not fail too often. */
  allows(ip: IpAddress): boolean {
    return this.#failures.allows(ip, this.#clock.monotonic());
  }

  /**
   * Counts a wrong token, once for each: a client that goes on sending a token that was removed guesses nothing, and must not lock out the others of its network.
   * @param token  A hash of it.
   */
  failedToken(ip: IpAddress, token: string): void {
    const key = `${ipMasks(ip).m1} ${token}`;
    if (this.#tokens.has(key)) return;
    this.#tokens.add(key);
    if (this.#tokens.size > loginLimits.maxTokens) {
      const oldest = this.#tokens.keys().next();
      if (oldest.done !== true) this.#tokens.delete(oldest.value);
    }
    this.#failed(ip, null);
  }

  /** Begins a login, perhaps after others of its network have ended. */
  async begin(ip: IpAddress): Promise<LoginAdmission> {
    const now = this.#decide(ip);
    if (now !== null) return now;
    using place = this.#places.enter(ip);
    if (place === null) return { kind: 'busy' };
    const { promise, resolve } = Promise.withResolvers<LoginAdmission>();
    const waiter: Waiter = { ip, resolve };
    this.#waiters.add(waiter);
    using _timer = this.#clock.timer(loginLimits.waitMs, () => {
      if (this.#waiters.delete(waiter)) resolve({ kind: 'busy' });
    });
    try {
      return await promise;
    } finally {
      this.#waiters.delete(waiter);
    }
  }

  /** Verdict that is known at once; null when the attempts under way decide. */
  #decide(ip: IpAddress): LoginAdmission | null {
    if (!this.allows(ip)) return { kind: 'failedTooOften' };
    const fits = this.#failures.allows(ip, this.#clock.monotonic(), (mask) => this.#underWay.get(mask) ?? 0);
    return fits ? { kind: 'admitted', attempt: this.#begun(ip) } : null;
  }

  #begun(ip: IpAddress): LoginAttempt {
    const { m1, m2, m3 } = ipMasks(ip);
    const masks = [m1, m2, m3];
    for (const mask of masks) this.#underWay.set(mask, (this.#underWay.get(mask) ?? 0) + 1);
    let hasEnded = false;
    const end = (note: () => void): void => {
      if (hasEnded) return;
      hasEnded = true;
      note();
      for (const mask of masks) {
        const rest = (this.#underWay.get(mask) ?? 1) - 1;
        if (rest === 0) this.#underWay.delete(mask);
        else this.#underWay.set(mask, rest);
      }
      this.#wake();
    };
    return {
      failed: (login) => end(() => this.#failed(ip, login)),
      succeeded: (login) => end(() => this.#forgive(ip, login)),
      [Symbol.dispose]: () => end(() => undefined),
    };
  }

  #wake(): void {
    for (const waiter of this.#waiters) {
      const decided = this.#decide(waiter.ip);
      if (decided === null) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(decided);
    }
  }

  #failed(ip: IpAddress, login: string | null): void {
    const nowMs = this.#clock.monotonic();
    const wasAllowed = this.#failures.allows(ip, nowMs);
    this.#failures.count(ip, nowMs);
    if (wasAllowed && !this.#failures.allows(ip, nowMs))
      this.#lockouts.begin(ip, login, Math.ceil(this.#failures.waitMs(ip, nowMs)));
    if (login === null) return;
    const key = keyOf(ip, login);
    const times = this.#guesses.get(key) ?? [];
    this.#guesses.delete(key);
    this.#guesses.set(key, [...times.slice(1 - loginLimits.failuresPerDay[0]), nowMs]);
    if (this.#guesses.size <= loginLimits.maxNames) return;
    const oldest = this.#guesses.keys().next();
    if (oldest.done !== true) this.#guesses.delete(oldest.value);
  }

  #forgive(ip: IpAddress, login: string): void {
    const key = keyOf(ip, login);
    const nowMs = this.#clock.monotonic();
    for (const guessMs of this.#guesses.get(key) ?? []) this.#failures.takeBack(ip, guessMs, nowMs);
    this.#guesses.delete(key);
  }
}

/** Names are long only when they are wrong. */
function keyOf(ip: IpAddress, login: string): string {
  return `${ipMasks(ip).m1} ${login.slice(0, 320).toLowerCase()}`;
}
