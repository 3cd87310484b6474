import type { AccountId } from '#lib/ids';
import type { Accounts } from '#mail/accounts';
import type { Config } from '#mail/config';
import type { Routing } from '#mail/queue';
import { routingTable, type RoutingTable } from '#mail/routes';
import type { Configuration } from '#server/configuration';

/** The routes of the configuration in force, as the queue asks them. */
export class ConfiguredRouting implements Routing {
  readonly #configuration: Pick<Configuration, 'config'>;
  readonly #accounts: Pick<Accounts, 'list'>;
  /** Names never change, and ids are not used again. */
  #names = new Map<AccountId, string>();
  #latest: { readonly config: Config; readonly table: RoutingTable } | null = null;

  constructor(deps: {
    readonly configuration: Pick<Configuration, 'config'>;
    readonly accounts: Pick<Accounts, 'list'>;
  }) {
    this.#configuration = deps.configuration;
    this.#accounts = deps.accounts;
  }

  table(): RoutingTable {
    const { config } = this.#configuration;
    if (this.#latest?.config !== config) this.#latest = { config, table: routingTable(config) };
    return this.#latest.table;
  }

  knownAccount(id: AccountId): string | null {
    return this.#names.get(id) ?? null;
  }

  async findAccount(id: AccountId): Promise<string | null> {
    const known = this.#names.get(id);
    if (known !== undefined) return known;
    this.#names = new Map((await this.#accounts.list()).map((account) => [account.id, account.name]));
    return this.knownAccount(id);
  }
}
