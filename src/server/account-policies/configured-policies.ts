import type { AccountId } from '#lib/ids';
import type { AccountNames } from '#mail/accounts';
import type { OutgoingPolicies, OutgoingPolicy } from '#mail/queue';
import type { Configuration } from '#server/configuration';

/** Outgoing policies of accounts by their settings in `domains.yaml`. */
export class ConfiguredPolicies implements OutgoingPolicies {
  readonly #configuration: Pick<Configuration, 'config'>;
  readonly #names: AccountNames;

  constructor(deps: { readonly configuration: Pick<Configuration, 'config'>; readonly names: AccountNames }) {
    this.#configuration = deps.configuration;
    this.#names = deps.names;
  }

  of(account: AccountId): OutgoingPolicy | null {
    const name = this.#names.known(account);
    if (name === null) return null;
    const { accounts } = this.#configuration.config.domains;
    // An account that left the configuration keeps its mail, but its lists are not read.
    const settings = Object.hasOwn(accounts, name) ? accounts[name] : undefined;
    return {
      suppressesRefused: settings?.suppressions === 'automatic',
      tellsWebhooks: settings?.outgoingEvents === true,
    };
  }

  async refresh(): Promise<void> {
    await this.#names.refresh();
  }
}
