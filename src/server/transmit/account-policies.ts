import type { AccountId } from '#lib/ids';
import type { Accounts } from '#mail/accounts';
import type { OutgoingPolicies, OutgoingPolicy } from '#mail/queue';
import type { Configuration } from '#server/configuration';

/** What accounts want of the queue, by their settings in `domains.yaml`. */
export class ConfiguredPolicies implements OutgoingPolicies {
  readonly #configuration: Pick<Configuration, 'config'>;
  readonly #accounts: Pick<Accounts, 'list'>;
  /** Names never change, and ids are not used again. */
  #names = new Map<AccountId, string>();

  constructor(deps: {
    readonly configuration: Pick<Configuration, 'config'>;
    readonly accounts: Pick<Accounts, 'list'>;
  }) {
    this.#configuration = deps.configuration;
    this.#accounts = deps.accounts;
  }

  of(account: AccountId): OutgoingPolicy | null {
    const name = this.#names.get(account);
    if (name === undefined) return null;
    const { accounts } = this.#configuration.config.domains;
    // An account that left the configuration keeps its mail, but nobody reads its lists.
    const settings = Object.hasOwn(accounts, name) ? accounts[name] : undefined;
    return {
      suppressesRefused: settings?.suppressions === 'automatic',
      tellsWebhooks: settings?.outgoingEvents === true,
    };
  }

  async refresh(): Promise<void> {
    this.#names = new Map((await this.#accounts.list()).map(({ id, name }) => [id, name]));
  }
}
