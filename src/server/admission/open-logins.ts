import type { Identity } from '#lib/sasl';
import type { CredentialChecker } from '#mail/auth';
import type { Bus } from '#ports/bus';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import type { Configuration } from '#server/configuration';

/** Reason with which `OpenLogin.ended` is aborted; its message is for the user. */
export class LoginEnded extends Error {
  override readonly name = 'LoginEnded';
}

/** A login that something holds open: a session, or a stream. Disposed when that ends. */
export interface OpenLogin extends Disposable {
  /** Aborted, with a `LoginEnded`, when the login no longer holds. */
  readonly ended: AbortSignal;
}

/** Dependencies of open logins. */
export interface OpenLoginsDeps {
  readonly bus: Pick<Bus, 'subscribe' | 'onLost'>;
  readonly checker: Pick<CredentialChecker, 'isStillProved'>;
  readonly clock: Clock;
  readonly configuration: Pick<Configuration, 'config'>;
  readonly log: Log;
}

interface Entry {
  readonly identity: Identity;
  readonly controller: AbortController;
}

/** Time in ms after which a check that failed is repeated. */
const retryMs = 10_000;

/**
 * All logins that are held open. Each change of secrets, accounts or configuration wakes a check of all of them against what is stored and configured,
 * so that it does not matter which command or edit ended one.
 */
export class OpenLogins implements Disposable {
  readonly #deps: OpenLoginsDeps;
  readonly #open = new Set<Entry>();
  readonly #subscriptions = new DisposableStack();
  #changes = 0;
  #isChecking = false;
  #retry: Disposable | null = null;

  constructor(deps: OpenLoginsDeps) {
    this.#deps = deps;
    const changed = (): void => {
      this.#changes += 1;
      void this.#check();
    };
    for (const topic of ['logins', 'config']) this.#subscriptions.use(deps.bus.subscribe(topic, changed));
    this.#subscriptions.use(deps.bus.onLost(changed));
  }

  /** Number of changes so far: a login that was proved before the last one is checked when it is opened. */
  get changes(): number {
    return this.#changes;
  }

  /** Holds a login open. @param since  `changes` at a time before it was proved. */
  open(identity: Identity, since: number): OpenLogin {
    const entry: Entry = { identity, controller: new AbortController() };
    this.#open.add(entry);
    const { clock } = this.#deps;
    const { untilMs } = identity;
    let timer: Disposable | null = null;
    const watchTime = (leftMs: number): void => {
      // A wall clock that was set meanwhile changes the wait.
      timer = clock.timer(Math.max(leftMs, 1), () => {
        const stillMs = (untilMs ?? 0) - clock.now();
        if (stillMs > 0) watchTime(stillMs);
        else this.#end(entry, 'your login has ended: the app password has expired');
      });
    };
    if (untilMs !== undefined) watchTime(untilMs - clock.now());
    if (since !== this.#changes) void this.#check();
    return {
      ended: entry.controller.signal,
      [Symbol.dispose]: () => {
        this.#open.delete(entry);
        timer?.[Symbol.dispose]();
      },
    };
  }

  [Symbol.dispose](): void {
    this.#subscriptions.dispose();
    this.#retry?.[Symbol.dispose]();
    this.#open.clear();
  }

  /** Ends what no longer holds; changes during a check lead to one more. */
  async #check(): Promise<void> {
    if (this.#isChecking) return;
    this.#isChecking = true;
    let seen: number;
    do {
      seen = this.#changes;
      await this.#checkAll();
    } while (seen !== this.#changes);
    this.#isChecking = false;
  }

  async #checkAll(): Promise<void> {
    const { clock, log } = this.#deps;
    // Sessions of one program share a proof.
    const groups = Map.groupBy(this.#open, ({ identity }) => JSON.stringify([identity.login, identity.proof]));
    try {
      for (const entries of groups.values()) {
        const identity = entries[0]?.identity;
        const reason = identity === undefined ? null : await this.#reasonToEnd(identity);
        if (reason !== null) for (const entry of entries) this.#end(entry, reason);
      }
    } catch (error) {
      log.error('login.checkFailed', {}, error);
      this.#retry?.[Symbol.dispose]();
      this.#retry = clock.timer(retryMs, () => void this.#check());
    }
  }

  async #reasonToEnd(identity: Identity): Promise<string | null> {
    const disabled = disabledText(this.#deps.configuration, identity);
    if (disabled !== null) return disabled;
    const isProved = await this.#deps.checker.isStillProved(identity);
    return isProved ? null : 'your login has ended: its password or key was changed or removed';
  }

  #end(entry: Entry, reason: string): void {
    if (!this.#open.delete(entry)) return;
    entry.controller.abort(new LoginEnded(reason));
  }
}

/** Returns the reason why an account may not log in, for its user; null when it may. */
export function disabledText({ config }: Pick<Configuration, 'config'>, { account }: Identity): string | null {
  const { accounts } = config.domains;
  if (!Object.hasOwn(accounts, account)) return 'there is no such account anymore';
  return accounts[account]?.loginDisabled ?? null;
}
