import type { AccountId } from '#lib/ids';
import type { Databases } from '#ports/database';
import { allAccounts } from './account-rows.ts';
import { AccountUnavailable, storedIdentity } from './claim.ts';

/**
 * How careful the making of an account is about data that no account of the server has. `automatic`: neither data with the account's name nor data that
 * does not say whose it is may exist. `asked`: an operator adds it, so only data with its name matters. `afresh`: an operator wants it in any case.
 */
export type NewAccountCare = 'automatic' | 'asked' | 'afresh';

/** Databases of accounts that the server does not know: what a lost or older `server.db` leaves. */
export class UnclaimedData {
  readonly #databases: Databases;
  /** Names by id, null for data that does not say its name; kept while the ids stay the same. */
  #names: { readonly key: string; readonly byId: ReadonlyMap<AccountId, string | null> } | null = null;

  constructor(databases: Databases) {
    this.#databases = databases;
  }

  /** Looks again next time. */
  forget(): void {
    this.#names = null;
  }

  /** Highest id that has a database, 0 when none has. */
  async highestId(): Promise<number> {
    let highest = 0;
    for (const id of await this.#databases.accountIds()) highest = Math.max(highest, id);
    return highest;
  }

  /** Names by id; null for data that does not say its name, or cannot be read. */
  async names(): Promise<ReadonlyMap<AccountId, string | null>> {
    const ids = await this.#ids();
    const key = ids.join();
    if (this.#names?.key === key) return this.#names.byId;
    const byId = new Map<AccountId, string | null>();
    for (const id of ids) byId.set(id, await this.#nameOf(id));
    this.#names = { key, byId };
    return byId;
  }

  /** Names by id of all databases, whether or not the server knows them; null for those that do not say it. Works without the server's database. */
  async allNames(): Promise<ReadonlyMap<AccountId, string | null>> {
    const byId = new Map<AccountId, string | null>();
    const ids = await this.#databases.accountIds();
    for (const id of [...ids].toSorted((a, b) => a - b)) byId.set(id, await this.#nameOf(id));
    return byId;
  }

  /** @throws AccountUnavailable when data may belong to an account that is about to be made. */
  async check(account: string, care: NewAccountCare): Promise<void> {
    if (care === 'afresh') return;
    for (const [id, name] of await this.names()) {
      if (name !== account && (name !== null || care === 'asked')) continue;
      const what =
        name === null
          ? `accounts/${id} holds mail of an account that is not known`
          : `accounts/${id} holds mail of an account ${name}`;
      throw new AccountUnavailable(
        account,
        'unclaimed',
        `account ${account} is not in server.db, and ${what}`,
        `take it over with "godwit account adopt ${account}${name === null ? ` --folder ${id}` : ''}", or start the account afresh with "godwit account recreate ${account}"`,
      );
    }
  }

  async #ids(): Promise<AccountId[]> {
    const ids = await this.#databases.accountIds();
    const rows = await this.#databases.server.read((reader) => allAccounts(reader));
    const known = new Set(rows.map(({ id }) => id));
    return [...ids].filter((id) => !known.has(id)).toSorted((a, b) => a - b);
  }

  async #nameOf(id: AccountId): Promise<string | null> {
    try {
      const db = await this.#databases.account(id, true);
      return (await db.read((reader) => storedIdentity(reader, id, db.dialect)))?.name ?? null;
    } catch {
      // Damaged, or written by a newer program: its owner is unknown.
      return null;
    }
  }
}
