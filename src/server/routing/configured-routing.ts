import type { AccountId } from '#lib/ids';
import type { AccountNames } from '#mail/accounts';
import type { Config } from '#mail/config';
import type { Routing } from '#mail/queue';
import { routingTable, type RoutingTable } from '#mail/routes';
import type { Configuration } from '#server/configuration';

/** Routes of the configuration in force; the table is made once for each configuration. */
export class ConfiguredRouting implements Routing {
  readonly #configuration: Pick<Configuration, 'config'>;
  readonly #names: AccountNames;
  #latest: { readonly config: Config; readonly table: RoutingTable } | null = null;

  constructor(deps: { readonly configuration: Pick<Configuration, 'config'>; readonly names: AccountNames }) {
    this.#configuration = deps.configuration;
    this.#names = deps.names;
  }

  table(): RoutingTable {
    const { config } = this.#configuration;
    if (this.#latest?.config !== config) this.#latest = { config, table: routingTable(config) };
    return this.#latest.table;
  }

  knownAccount(id: AccountId): string | null {
    return this.#names.known(id);
  }

  async findAccount(id: AccountId): Promise<string | null> {
    return await this.#names.find(id);
  }
}
