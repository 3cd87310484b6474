import type { AccountId } from '#lib/ids';
import type { Accounts } from './accounts.ts';

/** Names of accounts, cached in memory for callers that cannot wait for the database: names never change, and ids are not used again. */
export class AccountNames {
  readonly #accounts: Pick<Accounts, 'list'>;
  #names = new Map<AccountId, string>();

  constructor({ accounts }: { readonly accounts: Pick<Accounts, 'list'> }) {
    this.#accounts = accounts;
  }

  /** Returns the name as far as it is in memory, null otherwise. */
  known(id: AccountId): string | null {
    return this.#names.get(id) ?? null;
  }

  /** Returns the name; null when the account was removed. */
  async find(id: AccountId): Promise<string | null> {
    const known = this.known(id);
    if (known !== null) return known;
    await this.refresh();
    return this.known(id);
  }

  /** Reads the names of all accounts that there are now. */
  async refresh(): Promise<void> {
    this.#names = new Map((await this.#accounts.list()).map(({ id, name }) => [id, name]));
  }
}
