import type { AccountId } from '#lib/ids';
import { currentModSeq } from '#mail/changes';
import type { Clock } from '#ports/clock';
import type { Databases } from '#ports/database';
import type { Log } from '#ports/log';
import { AccountRefusal } from './account-name.ts';
import {
  accountByName,
  dropAccountRow,
  insertAccount,
  insertAccountAs,
  replaceAccount,
  serverIdentity,
  type AccountRow,
} from './account-rows.ts';
import type { Account } from './account.ts';
import { AccountUnavailable, storedIdentity, writeIdentity } from './claim.ts';
import type { NewAccountCare, UnclaimedData } from './unclaimed.ts';

interface RecoveryDeps {
  readonly databases: Databases;
  readonly clock: Clock;
  readonly log: Log;
  /** The part of `Accounts` that decisions go through. */
  readonly accounts: {
    forget(name: string): void;
    open(name: string): Promise<Account | null>;
    create(name: string, care: NewAccountCare): Promise<Account>;
  };
  readonly unclaimed: UnclaimedData;
}

/** Decisions of an operator about accounts that are refused. Deletes nothing. */
export class Recovery {
  readonly #deps: RecoveryDeps;

  constructor(deps: RecoveryDeps) {
    this.#deps = deps;
  }

  /** As `Accounts.adopt` says. */
  async adopt(name: string, folder: AccountId | null): Promise<Account> {
    const { databases, clock, log, unclaimed } = this.#deps;
    const row = await this.#refusedRow(name);
    const id = folder ?? (await this.#folderFor(name, row));
    if (id !== row?.id && !(await unclaimed.names()).has(id)) {
      throw new AccountRefusal(`accounts/${id} holds no mail that is free to be taken over`);
    }
    const db = await databases.account(id, true);
    const found = await db.read(async (reader) => ({
      identity: await storedIdentity(reader, id, db.dialect),
      modSeq: await currentModSeq(reader, id),
    }));
    if (found.modSeq === null) {
      const own = found.identity?.account;
      const where =
        own === undefined || own === id ? '' : `: its rows are of account ${own}, so put it into accounts/${own}`;
      throw new AccountRefusal(`accounts/${id} holds no mail of an account ${id}${where}`);
    }
    const nowMs = clock.now();
    const server = await databases.server.write(async (tx) => {
      if (row === null) await insertAccountAs(tx, id, name, 'active', nowMs);
      else if (row.id !== id) {
        await dropAccountRow(tx, row.id);
        await insertAccountAs(tx, id, name, 'active', row.createdMs);
        await replaceAccount(tx, row.id, id);
      }
      return await serverIdentity(tx);
    });
    await db.write((tx) => writeIdentity(tx, { account: id, server, name, adoptedMs: nowMs }, db.dialect));
    log.warn('account.adopted', { account: name, folder: id, was: found.identity?.name });
    return await this.#opened(name);
  }

  /** As `Accounts.recreate` says. */
  async recreate(name: string): Promise<Account> {
    const { databases, clock, log, accounts, unclaimed } = this.#deps;
    const row = await this.#refusedRow(name);
    log.warn('account.recreated', { account: name, leftBehind: row?.id });
    if (row === null) {
      accounts.forget(name);
      return await accounts.create(name, 'afresh');
    }
    // Above the old id as well: its folder may be gone, and its blobs not.
    const aboveId = Math.max(row.id, await unclaimed.highestId());
    await databases.server.write(async (tx) => {
      await dropAccountRow(tx, row.id);
      const id = await insertAccount(tx, name, clock.now(), aboveId);
      if (id !== null) await replaceAccount(tx, row.id, id);
    });
    return await this.#opened(name);
  }

  /** The row of an account that is refused, null when the server does not know the account. @throws AccountRefusal when it is in order. */
  async #refusedRow(name: string): Promise<AccountRow | null> {
    const { accounts, databases } = this.#deps;
    accounts.forget(name);
    try {
      if ((await accounts.open(name)) !== null)
        throw new AccountRefusal(`account ${name} is in order: nothing was changed`);
    } catch (error) {
      if (!(error instanceof AccountUnavailable)) throw error;
    }
    return await databases.server.read((reader) => accountByName(reader, name));
  }

  /** The data that carries the account's name, or else what is in the account's own place. */
  async #folderFor(name: string, row: AccountRow | null): Promise<AccountId> {
    const names = await this.#deps.unclaimed.names();
    const ids = [...names].filter(([, owner]) => owner === name).map(([id]) => id);
    const [only] = ids;
    if (ids.length > 1) {
      throw new AccountRefusal(
        `several folders hold mail of an account ${name}: choose one of ${ids.map((id) => `--folder ${id}`).join(', ')}`,
      );
    }
    if (only !== undefined) return only;
    if (row !== null) return row.id;
    throw new AccountRefusal(`no folder holds mail of an account ${name}: name one with --folder`);
  }

  async #opened(name: string): Promise<Account> {
    const { accounts } = this.#deps;
    accounts.forget(name);
    const account = await accounts.open(name);
    if (account === null) throw new AccountRefusal(`account ${name} was removed`);
    return account;
  }
}
