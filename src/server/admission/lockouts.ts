import type { IpAddress } from '#lib/domain';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';

/** An address that may not try to log in, as its network failed too often. */
export interface Lockout {
  readonly address: string;
  /** Login name of the last wrong guess, null when it did not come to a name. */
  readonly login: string | null;
  /** Milliseconds since 1970. */
  readonly sinceMs: number;
  /** Milliseconds since 1970: when it may try again, if it does not fail elsewhere until then. */
  readonly untilMs: number;
}

/** Lockouts kept for `godwit status`: the oldest goes first. */
const maxKept = 100;

/** Records lockouts after failed logins: one event in the log at the start of each, and a list of those in force. */
export class Lockouts {
  readonly #clock: Clock;
  readonly #log: Log | null;
  readonly #begun = new Map<string, { readonly ip: IpAddress; readonly lockout: Lockout }>();

  constructor(clock: Clock, log: Log | null) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Records the start of a lockout. @param forMs  Until the next try, in milliseconds. */
  begin(ip: IpAddress, login: string | null, forMs: number): void {
    const sinceMs = this.#clock.now();
    const lockout = { address: ip.text, login, sinceMs, untilMs: sinceMs + forMs };
    this.#begun.delete(ip.text);
    this.#begun.set(ip.text, { ip, lockout });
    const [oldest] = this.#begun.keys();
    if (this.#begun.size > maxKept && oldest !== undefined) this.#begun.delete(oldest);
    const until = new Date(lockout.untilMs).toISOString();
    this.#log?.warn('login.lockedOut', { remoteAddress: ip.text, login, until });
  }

  /** Returns the lockouts in force, the latest first. @param isLocked  Says whether an address is still locked out: a right login may forgive. */
  inForce(isLocked: (ip: IpAddress) => boolean): Lockout[] {
    for (const [key, { ip }] of this.#begun) if (!isLocked(ip)) this.#begun.delete(key);
    return [...this.#begun.values()].map(({ lockout }) => lockout).toReversed();
  }
}
