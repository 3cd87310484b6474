import type { Identity } from '#lib/sasl';
import type { CredentialMarks } from '#mail/auth';
import type { Configuration } from '#server/configuration';

/** Dependencies of `StandingLogins`. */
export interface StandingLoginsDeps {
  readonly configuration: Pick<Configuration, 'config'>;
  readonly marks: Pick<CredentialMarks, 'markOf'>;
}

/** Tells whether a login of some time ago would still succeed: long connections and subscriptions end with it. */
export class StandingLogins {
  readonly #deps: StandingLoginsDeps;

  constructor(deps: StandingLoginsDeps) {
    this.#deps = deps;
  }

  /** Returns the mark of the credentials of a login; null when the account is disabled or gone, or the credentials are no longer valid. */
  async markOf(identity: Identity): Promise<string | null> {
    const { accounts } = this.#deps.configuration.config.domains;
    const account = Object.hasOwn(accounts, identity.account) ? accounts[identity.account] : undefined;
    if (account === undefined || account.loginDisabled !== undefined) return null;
    return await this.#deps.marks.markOf(identity);
  }
}
