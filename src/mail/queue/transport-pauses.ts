import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';

/** A transport whose server refused our login: no message uses it until the pause ends. Times are in milliseconds since 1970. */
export interface TransportPause {
  /** Name of the transport. */
  readonly transport: string;
  readonly sinceMs: number;
  /** When one message tries the login again. */
  readonly untilMs: number;
  /** The server's answer to the latest login. */
  readonly reason: string;
  /** Logins that were refused since the pause began. */
  readonly refusals: number;
}

/** Outcome of an attempt with respect to the login; `unknown` when it did not come to one. */
export type LoginResult = 'accepted' | 'refused' | 'unknown';

/** Dependencies of `TransportPauses`. */
interface TransportPausesDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** The secret that a transport logs in with, in any form that changes with it; null for none. Never logged. */
  readonly secretOf: (transport: string) => Promise<string | null>;
  /** Called when the messages of a transport may go again. */
  readonly onResume: (transport: string) => void;
}

interface Paused {
  pause: TransportPause;
  /** One message tries the login. */
  isProbing: boolean;
  secret: string | null;
}

const minuteMs = 60_000;
/** Waits before a refused login is tried again; the last one repeats. */
const waitsMs = [5, 10, 20, 40, 60].map((minutes) => minutes * minuteMs);
/** Time that others wait while one message tries the login. */
const probeMs = minuteMs;
const lookEveryMs = 10_000;

/**
 * Keeps a wrong password from being sent again and again, which makes servers lock accounts: after a refused login the transport is paused. It resumes
 * when one message could log in after a growing wait, when the secret changed, or when an operator says so.
 */
export class TransportPauses {
  readonly #deps: TransportPausesDeps;
  readonly #paused = new Map<string, Paused>();
  #timer: Disposable | null = null;
  #isStopped = false;

  constructor(deps: TransportPausesDeps) {
    this.#deps = deps;
  }

  /** Returns the pauses, the oldest first. */
  list(): readonly TransportPause[] {
    return [...this.#paused.values()].map(({ pause }) => pause);
  }

  /** Returns the pause that keeps a message from using a transport now, null when it may be used. While one message tries the login, others wait a little. */
  pauseOf(transport: string): TransportPause | null {
    const paused = this.#paused.get(transport);
    if (paused === undefined) return null;
    const nowMs = this.#deps.clock.now();
    if (nowMs < paused.pause.untilMs) return paused.pause;
    return paused.isProbing ? { ...paused.pause, untilMs: nowMs + probeMs } : null;
  }

  /** Begins to use a transport that `pauseOf` has nothing against, at once after it; `leave` ends it. */
  enter(transport: string): void {
    const paused = this.#paused.get(transport);
    if (paused !== undefined) paused.isProbing = true;
  }

  /** Ends the use of a transport. @returns the pause that follows, null for none. */
  async leave(transport: string, login: LoginResult, reason: string): Promise<TransportPause | null> {
    const paused = this.#paused.get(transport);
    if (paused === undefined) return login === 'refused' ? await this.#begin(transport, reason) : null;
    if (login === 'accepted') {
      this.#resume(transport, 'the login was accepted');
      return null;
    }
    // Others were on their way when the pause began: their refusal says nothing new.
    if (!paused.isProbing) return login === 'refused' ? paused.pause : null;
    paused.isProbing = false;
    const { refusals } = paused.pause;
    const counted = login === 'refused' ? { refusals: refusals + 1, reason } : {};
    paused.pause = { ...paused.pause, ...counted };
    paused.pause = { ...paused.pause, untilMs: this.#deps.clock.now() + waitMs(paused.pause.refusals) };
    if (login !== 'refused') return null;
    this.#deps.log.info('transport.stillPaused', { ...paused.pause });
    return paused.pause;
  }

  /** Ends the pause of a transport, or of all. @returns names of those that were paused. */
  resume(transport: string | null, why: string): string[] {
    const names = [...this.#paused.keys()].filter((name) => transport === null || name === transport);
    for (const name of names) this.#resume(name, why);
    return names;
  }

  /** Stops looking for changed secrets. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.[Symbol.dispose]();
    this.#timer = null;
  }

  async #begin(transport: string, reason: string): Promise<TransportPause> {
    const { clock, log } = this.#deps;
    const sinceMs = clock.now();
    const pause = { transport, sinceMs, untilMs: sinceMs + waitMs(1), reason, refusals: 1 };
    const paused: Paused = { pause, isProbing: false, secret: null };
    this.#paused.set(transport, paused);
    const fix = `correct the login in server.yaml or its file; then 'godwit queue resume ${transport}', or wait`;
    log.warn('transport.paused', { ...pause, fix });
    paused.secret = await this.#secretOf(transport);
    this.#lookSoon();
    return pause;
  }

  #resume(transport: string, why: string): void {
    if (!this.#paused.delete(transport)) return;
    this.#deps.log.info('transport.resumed', { transport, why });
    this.#deps.onResume(transport);
  }

  #lookSoon(): void {
    if (this.#timer !== null || this.#isStopped) return;
    this.#timer = this.#deps.clock.timer(lookEveryMs, () => {
      this.#timer = null;
      void this.#look().finally(() => {
        if (this.#paused.size > 0) this.#lookSoon();
      });
    });
  }

  async #look(): Promise<void> {
    for (const [transport, paused] of this.#paused) {
      const secret = await this.#secretOf(transport);
      if (secret === null || secret === paused.secret || this.#paused.get(transport) !== paused) continue;
      this.#resume(transport, 'its secret changed');
    }
  }

  /** A secret that cannot be read is no other one. */
  async #secretOf(transport: string): Promise<string | null> {
    return await this.#deps.secretOf(transport).catch(() => null);
  }
}

function waitMs(refusals: number): number {
  return waitsMs[Math.min(refusals, waitsMs.length) - 1] ?? minuteMs;
}
