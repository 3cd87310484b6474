import type { AccountId } from '#lib/ids';
import type { BlobSweeper } from '#mail/content';
import type { BlobStore } from '#ports/blobs';
import type { Bus } from '#ports/bus';
import type { Clock } from '#ports/clock';
import { ConditionError } from '#ports/conditions';
import type { Databases } from '#ports/database';
import type { EventLoop } from '#ports/event-loop';
import { AccountRefusal, normalizeAccountName } from './account-name.ts';
import { accountByName, allAccounts, deleteAccount, insertAccount, markRemoving } from './account-rows.ts';
import { Account, initializeAccount } from './account.ts';

/** What `Accounts` needs. */
export interface AccountsDeps {
  readonly databases: Databases;
  readonly blobs: BlobStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly loop: EventLoop;
}

/** An account in a list. */
export interface AccountSummary {
  readonly id: AccountId;
  readonly name: string;
  readonly createdMs: number;
}

/** All accounts of a server. Opened accounts are kept and shared: images and services exist once in a process. */
export class Accounts implements Disposable {
  readonly #deps: AccountsDeps;
  readonly #opened = new Map<string, Promise<Account | null>>();

  constructor(deps: AccountsDeps) {
    this.#deps = deps;
  }

  /** Makes an account with its initial mailboxes. @throws AccountRefusal when the name cannot be or is taken. */
  async create(given: string): Promise<Account> {
    const name = normalizeAccountName(given);
    const { databases, clock } = this.#deps;
    const id = await databases.server.write((tx) => insertAccount(tx, name, clock.now()));
    if (id === null) throw new AccountRefusal(`account ${name} exists`);
    this.#opened.delete(name);
    const account = await this.open(name);
    if (account === null) throw new AccountRefusal(`account ${name} was removed`);
    return account;
  }

  /** The account of that name, in any case; null when there is none. */
  open(given: string): Promise<Account | null> {
    return this.#opened.get(given) ?? this.#openOnce(given);
  }

  async #openOnce(given: string): Promise<Account | null> {
    const name = this.#normalizedOrNull(given);
    if (name === null) return null;
    const opening = this.#opened.get(name) ?? this.#open(name);
    this.#opened.set(name, opening);
    const forget = (): void => {
      if (this.#opened.get(name) === opening) this.#opened.delete(name);
    };
    // Neither a failure nor an absence is remembered: names from the network must not fill the map.
    const account = await opening.catch((error: unknown) => {
      forget();
      throw error;
    });
    if (account === null) forget();
    return account;
  }

  /** Accounts by name, without those being removed. */
  async list(): Promise<AccountSummary[]> {
    const { server } = this.#deps.databases;
    const rows = await server.read((reader) => allAccounts(reader));
    await server.durable();
    return rows.filter(({ state }) => state === 'active').map(({ id, name, createdMs }) => ({ id, name, createdMs }));
  }

  /**
   * Removes an account with all its mail, for good. Whoever has it open is told by `Account.removed`, and everything that he tries from then
   * on rejects with that signal's reason. @throws AccountRefusal when there is none.
   */
  async remove(given: string): Promise<void> {
    const name = normalizeAccountName(given);
    const row = await this.#deps.databases.server.write(async (tx) => {
      const found = await accountByName(tx, name);
      if (found !== null) await markRemoving(tx, found.id);
      return found;
    }, 'reserve');
    if (row === null) throw new AccountRefusal(`no account ${name}`);
    // Only after the mark: who opens from now on finds nothing, and who opened before is in the map.
    const opening = this.#opened.get(name);
    this.#opened.delete(name);
    (await opening?.catch(() => null))?.end();
    await this.#erase(row.id);
  }

  /** Ends removals that a crash cut short; to be called at start. */
  async finishRemovals(): Promise<void> {
    const rows = await this.#deps.databases.server.read((reader) => allAccounts(reader));
    for (const { id, state } of rows) {
      if (state !== 'removing') continue;
      await this.#erase(id).catch((error: unknown) => {
        // The next start tries again; a full or failing disk must not keep the server from starting.
        if (!(error instanceof ConditionError)) throw error;
      });
    }
  }

  /**
   * Removes blobs that no row needs any more, of all accounts, and leftovers of messages that were never accepted. @returns how many.
   * @param earlierMs  As for `BlobSweeper.sweepAccount`.
   */
  async sweepBlobs(sweeper: BlobSweeper, signal?: AbortSignal, earlierMs = 0): Promise<number> {
    let removed = await sweeper.sweepIncoming();
    await this.#each(signal, async ({ id, db }) => {
      removed += await sweeper.sweepAccount(id, db, earlierMs);
    });
    return removed;
  }

  /** Finds blobs that never got a row, or whose account is gone; reads the names of all blobs, so once a day is enough. @returns how many. */
  async collectOrphans(sweeper: BlobSweeper, signal?: AbortSignal): Promise<number> {
    let found = 0;
    const owners: AccountId[] = [];
    for await (const owner of this.#deps.blobs.owners()) if (typeof owner === 'number') owners.push(owner);
    // Read after the owners: an account's row is there before its first blob.
    const rows = await this.#deps.databases.server.read((reader) => allAccounts(reader));
    const known = new Set(rows.map(({ id }) => id));
    for (const owner of owners) if (!known.has(owner)) found += await sweeper.removeAll(owner);
    await this.#each(signal, async ({ id, db }) => {
      found += await sweeper.collectOrphans(id, db);
    });
    return found;
  }

  async #each(signal: AbortSignal | undefined, work: (account: Account) => Promise<void>): Promise<void> {
    for (const { name } of await this.list()) {
      if (signal?.aborted === true) return;
      try {
        const account = await this.open(name);
        // Removed meanwhile: nothing is left to do.
        if (account !== null) await work(account).catch((error: unknown) => account.ignoreIfRemoved(error));
      } catch (error) {
        // Noted where it was found: one damaged account must not keep the others from being swept.
        if (!(error instanceof ConditionError)) throw error;
      }
    }
  }

  /** Drops what opened accounts keep in memory. */
  [Symbol.dispose](): void {
    for (const opening of this.#opened.values()) {
      opening.then(
        (account) => account?.[Symbol.dispose](),
        () => undefined,
      );
    }
    this.#opened.clear();
  }

  async #open(name: string): Promise<Account | null> {
    const { databases, blobs, bus, clock, loop } = this.#deps;
    const row = await databases.server.read((reader) => accountByName(reader, name));
    await databases.server.durable();
    if (row === null || row.state !== 'active') return null;
    const db = await databases.account(row.id);
    await initializeAccount(db, row.id, clock.now());
    return new Account({ id: row.id, name, db, blobs, bus, clock, loop });
  }

  /** The database goes first: without rows, blobs are only orphans. */
  async #erase(id: AccountId): Promise<void> {
    const { databases, blobs } = this.#deps;
    await databases.drop(id);
    for await (const blob of blobs.list(id)) await blobs.remove(id, blob.id);
    await databases.server.write((tx) => deleteAccount(tx, id), 'reserve');
  }

  #normalizedOrNull(given: string): string | null {
    try {
      return normalizeAccountName(given);
    } catch (error) {
      if (error instanceof AccountRefusal) return null;
      throw error;
    }
  }
}
