import type { AccountId } from '#lib/ids';
import type { Account } from '#mail/accounts';
import type { Bus } from '#ports/bus';
import type { Log } from '#ports/log';
import { stateSources, type StateServices } from './state-source.ts';
import type { States } from './states.ts';

/** Recipient of new states, as in a StateChange (RFC 8620 §7.1). */
export interface StateWatcher {
  /** Called with the latest states when one of them has changed. Must not throw. */
  onStates(states: States): void;
  /** Called when the account was removed. */
  onRemoved(): void;
}

/** Dependencies of `StateWatch`. */
interface StateWatchDeps extends StateServices {
  readonly bus: Bus;
  readonly log: Log;
}

/**
 * States of the accounts that clients watch. A hint of the bus leads to one read for all watchers of an account, however many there are, and hints that
 * come during a read to one more. An account without watchers costs nothing, and one with watchers is read only when it changes.
 */
export class StateWatch {
  readonly #deps: StateWatchDeps;
  readonly #watched = new Map<AccountId, WatchedAccount>();

  constructor(deps: StateWatchDeps) {
    this.#deps = deps;
  }

  /** Adds a watcher until it is disposed. What it is called with is as new as `states`, or newer. */
  async watch(account: Account, watcher: StateWatcher): Promise<Disposable & { readonly states: States }> {
    const watched = this.#accountOf(account);
    watched.watchers.add(watcher);
    const drop = (): void => {
      watched.watchers.delete(watcher);
      if (watched.watchers.size > 0) return;
      watched[Symbol.dispose]();
      if (this.#watched.get(account.id) === watched) this.#watched.delete(account.id);
    };
    try {
      return { states: await watched.states(), [Symbol.dispose]: drop };
    } catch (error) {
      drop();
      throw error;
    }
  }

  #accountOf(account: Account): WatchedAccount {
    const known = this.#watched.get(account.id);
    if (known?.account === account) return known;
    // An account that was opened anew is another object: its watchers of before go on with theirs.
    const watched = new WatchedAccount(account, this.#deps);
    this.#watched.set(account.id, watched);
    return watched;
  }
}

/** One account with its watchers. */
class WatchedAccount implements Disposable {
  readonly account: Account;
  readonly watchers = new Set<StateWatcher>();
  readonly #log: Log;
  readonly #services: StateServices;
  readonly #subscriptions: Disposable[];
  #states: States | null = null;
  #reading: Promise<void> | null = null;
  #isStale = true;

  constructor(account: Account, { bus, log, ...services }: StateWatchDeps) {
    this.account = account;
    this.#log = log;
    this.#services = services;
    const topics = new Set(stateSources.flatMap(({ topicsOf }) => topicsOf(account)));
    this.#subscriptions = [...topics].map((topic) => bus.subscribe(topic, this.#onHint));
    this.#subscriptions.push(bus.onLost(this.#onHint));
    account.removed.addEventListener('abort', this.#onRemoved, { once: true });
  }

  /** Returns the states as they are now. */
  async states(): Promise<States> {
    for (;;) {
      if (this.#states !== null && !this.#isStale) return this.#states;
      await this.#look();
    }
  }

  [Symbol.dispose](): void {
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
    this.account.removed.removeEventListener('abort', this.#onRemoved);
  }

  readonly #onHint = (): void => {
    this.#isStale = true;
    this.#look().catch((error: unknown) => {
      if (this.account.removed.aborted) return;
      this.#log.error('jmap.statesUnreadable', { account: this.account.name }, error);
    });
  };

  readonly #onRemoved = (): void => {
    for (const watcher of this.watchers) watcher.onRemoved();
  };

  async #readAll(): Promise<States> {
    const states: string[] = [];
    for (const { types, read } of stateSources) {
      const before = this.#states?.slice(states.length, states.length + types.length) ?? null;
      states.push(...(await read(this.account, before, this.#services)));
    }
    return states;
  }

  #look(): Promise<void> {
    this.#reading ??= this.#read().finally(() => (this.#reading = null));
    return this.#reading;
  }

  async #read(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false;
      let states: States;
      try {
        states = await this.#readAll();
      } catch (error) {
        this.#isStale = true;
        throw error;
      }
      const before = this.#states;
      this.#states = states;
      if (before === null || states.every((state, i) => state === before[i])) continue;
      for (const watcher of this.watchers) watcher.onStates(states);
    }
  }
}
