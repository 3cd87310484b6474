import type { AccountId } from '#lib/ids';
import { Mutex } from '#lib/mutex';
import type { BlobSweeper } from '#mail/content';
import { RowMemory, type ListTexts } from '#mail/header-cache';
import type { BlobStore } from '#ports/blobs';
import type { Bus } from '#ports/bus';
import type { Clock } from '#ports/clock';
import type { Compression } from '#ports/compression';
import { ConditionError } from '#ports/conditions';
import type { Databases } from '#ports/database';
import type { EventLoop } from '#ports/event-loop';
import type { Log } from '#ports/log';
import type { SearchIndexes } from '#ports/search-index';
import { AccountRefusal, normalizeAccountName } from './account-name.ts';
import {
  accountByName,
  allAccounts,
  boundAfter,
  deleteAccount,
  dropAccountRow,
  insertAccount,
  markBound,
  markRemoving,
  serverIdentity,
  wasRemoved,
} from './account-rows.ts';
import { Account } from './account.ts';
import { claimDatabase, identityStatement, isOwnIdentity, storedIdentity, type StoredIdentity } from './claim.ts';
import { Recovery } from './recovery.ts';
import { UnclaimedData, type NewAccountCare } from './unclaimed.ts';

/** Dependencies of `Accounts`. */
export interface AccountsDeps {
  readonly databases: Databases;
  readonly blobs: BlobStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly compression: Compression;
  /** Texts that are kept for lists. */
  readonly listTexts: ListTexts;
  readonly loop: EventLoop;
  readonly log: Log;
  /** Indexes of the words of messages; without them searches read messages. */
  readonly searchIndexes?: SearchIndexes;
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
  /** Accounts that could not be made, because data that no account has may be theirs. */
  readonly #notMade = new Set<string>();
  readonly #unclaimed: UnclaimedData;
  readonly #recovery: Recovery;
  readonly #rowMemory: RowMemory;
  readonly #feedingTurns = new Mutex();

  constructor(deps: AccountsDeps) {
    this.#deps = deps;
    this.#rowMemory = new RowMemory(deps.clock);
    this.#unclaimed = new UnclaimedData(deps.databases);
    this.#recovery = new Recovery({ ...deps, accounts: this, unclaimed: this.#unclaimed });
  }

  /**
   * Makes an account with its initial mailboxes, unless data that no account has may be its own: `care` says how much that matters.
   * @throws AccountRefusal when the name cannot be or is taken, AccountUnavailable.
   */
  async create(given: string, care: NewAccountCare = 'automatic'): Promise<Account> {
    const name = normalizeAccountName(given);
    const { databases, blobs, clock } = this.#deps;
    if ((await databases.server.read((reader) => accountByName(reader, name))) !== null)
      throw new AccountRefusal(`account ${name} exists`);
    try {
      await this.#unclaimed.check(name, care);
    } catch (error) {
      this.#notMade.add(name);
      throw error;
    }
    for (let aboveId = await this.#unclaimed.highestId(); ; aboveId += 1) {
      const floor = aboveId;
      const id = await databases.server.write((tx) => insertAccount(tx, name, clock.now(), floor));
      if (id === null) throw new AccountRefusal(`account ${name} exists`);
      // Blobs of an account that the server has forgotten must not become those of a new one.
      if (!(await hasAny(blobs.list(id)))) break;
      await databases.server.write((tx) => dropAccountRow(tx, id));
      aboveId = Math.max(aboveId, id - 1);
    }
    this.forget(name);
    const account = await this.open(name);
    if (account === null) throw new AccountRefusal(`account ${name} was removed`);
    return account;
  }

  /** Databases of accounts that the server does not know, with the names that they carry: null for those that carry none. */
  unclaimed(): Promise<ReadonlyMap<AccountId, string | null>> {
    return this.#unclaimed.names();
  }

  /** All databases of accounts with the names that they carry, without what the server's database says: for the check when that is damaged. */
  stored(): Promise<ReadonlyMap<AccountId, string | null>> {
    return this.#unclaimed.allNames();
  }

  /** Opens an account by the number of its folder, whether or not it is refused: for the check, which only reads. The caller disposes it. */
  async inspect(id: AccountId): Promise<Account> {
    const { databases, blobs, bus, clock, compression, listTexts, loop } = this.#deps;
    const db = await databases.account(id, true);
    const identity = await db.read((reader) => storedIdentity(reader, id, db.dialect));
    const [name, adoptedMs] = [identity?.name ?? String(id), identity?.adoptedMs ?? null];
    const { log } = this.#deps;
    const shared = { blobs, bus, clock, compression, listTexts, loop, log, rowMemory: this.#rowMemory };
    const search = { searchIndex: null, feedingTurns: this.#feedingTurns };
    return new Account({ id, name, db, adoptedMs, ...shared, ...search });
  }

  /**
   * Finds accounts whose databases say that they hold other data, such as after folders were swapped, and opens them, so that their refusal is logged. For
   * the time right after the start: it takes about 0.2 ms for each account, with pauses.
   */
  async findForeign(signal: AbortSignal): Promise<void> {
    const { databases, loop, log } = this.#deps;
    const { rows, server } = await databases.server.read(async (reader) => ({
      rows: await allAccounts(reader),
      server: await serverIdentity(reader),
    }));
    for (const row of rows) {
      const pause = loop.pause();
      if (pause !== null) await pause;
      if (signal.aborted) return;
      if (row.state !== 'bound') continue;
      const statement = identityStatement(row.id, databases.server.dialect);
      const [identity] = (await databases.peek<StoredIdentity>(row.id, statement)) ?? [];
      if (identity === undefined || isOwnIdentity(identity, row, server)) continue;
      const { name } = row;
      await this.open(name).catch((error: unknown) => log.error('account.openFailed', { account: name }, error));
    }
  }

  /** Opens the accounts whose database files are missing, so that their refusal is logged. To be called at start. */
  async findMissing(): Promise<void> {
    const { databases, log } = this.#deps;
    const ids = await databases.accountIds();
    for (const { id, name, state } of await databases.server.read((reader) => allAccounts(reader))) {
      if (ids.has(id) || state === 'new' || state === 'removing') continue;
      await this.open(name).catch((error: unknown) => log.error('account.openFailed', { account: name }, error));
    }
  }

  /** Ids of accounts whose databases must be there, ascending, after `id` (0: from the first). */
  boundAfter(id: AccountId | 0, limit: number): Promise<AccountId[]> {
    return this.#deps.databases.server.read((reader) => boundAfter(reader, id, limit));
  }

  /**
   * Takes over data for an account that is refused: `folder`, or the data that carries its name.
   * @throws AccountRefusal when there is nothing to take over, or the account is in order.
   */
  adopt(given: string, folder: AccountId | null): Promise<Account> {
    return this.#recovery.adopt(normalizeAccountName(given), folder);
  }

  /** Starts an account that is refused afresh, with an id of its own; what was stored stays where it is. @throws AccountRefusal. */
  recreate(given: string): Promise<Account> {
    return this.#recovery.recreate(normalizeAccountName(given));
  }

  /** Forgets what is known of an account's data: it is about to be opened anew. */
  forget(name: string): void {
    this.#notMade.delete(name);
    this.#opened.delete(name);
    this.#unclaimed.forget();
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
    return rows.filter(({ state }) => state !== 'removing').map(({ id, name, createdMs }) => ({ id, name, createdMs }));
  }

  /**
   * Removes an account with all its mail, for good. `Account.removed` notifies users of an open account, and all of its operations from then
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
    this.#deps.bus.publish('logins');
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

  /**
   * Removes what is left of the messages of deleted mailboxes and of copies that a crash interrupted, and emails that are in no mailbox anymore, in all
   * accounts. @returns of how many mailboxes.
   */
  async finishDeletions(signal?: AbortSignal): Promise<number> {
    let finished = 0;
    await this.#each(signal, async ({ mailboxes, messages }) => {
      finished += await mailboxes.finishDeletions();
      await messages.eraseExpunged();
    });
    return finished;
  }

  /** Finds blobs that never got a row, or whose account is gone; reads the names of all blobs, so once a day is enough. @returns how many. */
  async collectOrphans(sweeper: BlobSweeper, signal?: AbortSignal): Promise<number> {
    const { databases, blobs } = this.#deps;
    let found = 0;
    const owners: AccountId[] = [];
    for await (const owner of blobs.owners()) if (typeof owner === 'number') owners.push(owner);
    // Read after the owners: an account's row is there before its first blob.
    const rows = await databases.server.read((reader) => allAccounts(reader));
    const known = new Set(rows.map(({ id }) => id));
    for (const owner of owners) {
      // Only what an operator removed: blobs of an account that the server has forgotten may be all that is left of it.
      if (known.has(owner) || !(await databases.server.read((reader) => wasRemoved(reader, owner)))) continue;
      found += await sweeper.removeAll(owner);
    }
    await this.#each(signal, async ({ id, db }) => {
      found += await sweeper.collectOrphans(id, db);
    });
    return found;
  }

  /** Sweeps each account. Trouble with one does not keep the others from it, and accounts that were taken over are left alone for a while. */
  async #each(signal: AbortSignal | undefined, work: (account: Account) => Promise<void>): Promise<void> {
    const { clock, log } = this.#deps;
    for (const { name } of await this.list()) {
      if (signal?.aborted === true) return;
      try {
        const account = await this.open(name);
        // Null: removed meanwhile, nothing is left to do.
        if (account === null || isFresh(account, clock.now())) continue;
        await work(account).catch((error: unknown) => account.ignoreIfRemoved(error));
      } catch (error) {
        // One damaged account must not keep the others from being swept.
        log.error('account.sweepFailed', { account: name }, error);
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
    const { databases, blobs, bus, clock, compression, listTexts, loop, log, searchIndexes } = this.#deps;
    const { row, server } = await databases.server.read(async (reader) => ({
      row: await accountByName(reader, name),
      server: await serverIdentity(reader),
    }));
    await databases.server.durable();
    if (row === null && this.#notMade.has(name)) await this.#unclaimed.check(name, 'automatic');
    if (row === null || row.state === 'removing') return null;
    const { id } = row;
    const { db, adoptedMs } = await claimDatabase(databases, row, server, clock.now());
    // Its identity is durable by now: from here on its database must be there.
    if (row.state !== 'bound') {
      await databases.server.write((tx) => markBound(tx, id)).catch(leaveForLater);
      await databases.account(id, true);
    }
    const shared = { blobs, bus, clock, compression, listTexts, loop, log, rowMemory: this.#rowMemory };
    const search = { searchIndex: searchIndexes?.index(id) ?? null, feedingTurns: this.#feedingTurns };
    return new Account({ id, name, db, adoptedMs, ...shared, ...search });
  }

  /** The database goes first: without rows, blobs are only orphans. */
  async #erase(id: AccountId): Promise<void> {
    const { databases, blobs, searchIndexes } = this.#deps;
    // Its file is in the folder of the database, and must not be open when that goes.
    await searchIndexes?.index(id).drop();
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

/** Time for which the sweeper leaves the blobs of an account alone whose data was taken over: they may be newer than its database. */
const keepAfterAdoptionMs = 30 * 24 * 60 * 60_000;

function isFresh({ adoptedMs }: Account, nowMs: number): boolean {
  return adoptedMs !== null && nowMs < adoptedMs + keepAfterAdoptionMs;
}

/** A full disk does not keep an account from being read: the next opening tries again. */
function leaveForLater(error: unknown): void {
  if (!(error instanceof ConditionError)) throw error;
}

async function hasAny(list: AsyncIterable<unknown>): Promise<boolean> {
  for await (const _first of list) return true;
  return false;
}
