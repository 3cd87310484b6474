import type { CredentialStore, Identity, MechanismName } from '#lib/sasl';
import type { Account, Accounts } from '#mail/accounts';
import type { AppPasswords } from '#mail/auth';
import type { ContentMemory } from '#mail/content';
import { writeReception, type Acceptance } from '#mail/story';
import type { Bus } from '#ports/bus';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import { Bye, No, type AccountBackend, type ImapBackend, type LoginOutcome } from '#proto/imap-server';
import { admissionTexts, type Admission, type LoginAttempt } from '#server/admission';
import type { Configuration } from '#server/configuration';
import { AccountGlue } from './account-glue.ts';

/** Dependencies of one connection's backend. */
export interface ImapGlueDeps {
  readonly accounts: Accounts;
  readonly admission: Admission;
  readonly bus: Bus;
  readonly clock: Clock;
  /** Memory that all messages on their way in share. */
  readonly contentMemory: ContentMemory;
  readonly configuration: Configuration;
  readonly credentials: CredentialStore;
  readonly appPasswords: Pick<AppPasswords, 'noteUse'>;
  readonly log: Log;
  readonly remoteAddress: string;
  readonly appendLimitBytes: number;
  /** State of the connection, for the stories of messages stored over it. */
  readonly connection: () => Omit<Acceptance, 'login'>;
  /** Called with the account of a login. */
  readonly onOpen: (account: Account) => void;
}

/** Decisions for one IMAP connection before and at login. */
export class ImapGlue implements ImapBackend, Disposable {
  readonly #deps: ImapGlueDeps;
  /** Of the login that is being tried, or was. */
  #mechanism = '';
  /** The login that is under way. */
  #attempt: LoginAttempt | null = null;

  constructor(deps: ImapGlueDeps) {
    this.#deps = deps;
  }

  get credentials(): CredentialStore {
    return this.#deps.credentials;
  }

  async admitLogin(mechanism: MechanismName): Promise<void> {
    this.#mechanism = mechanism;
    const { admission, remoteAddress } = this.#deps;
    this.#attempt?.[Symbol.dispose]();
    this.#attempt = null;
    const admitted = await admission.beginLogin(remoteAddress);
    switch (admitted.kind) {
      case 'admitted':
        this.#attempt = admitted.attempt;
        return;
      case 'busy':
        throw new No('UNAVAILABLE', admissionTexts.busy);
      default:
        throw new Bye(admissionTexts.failedTooOften, 'LIMIT');
    }
  }

  /** Ends a login that did not come to its end. */
  [Symbol.dispose](): void {
    this.#attempt?.[Symbol.dispose]();
  }

  noteLogin(outcome: LoginOutcome): void {
    const { appPasswords, configuration, remoteAddress, log } = this.#deps;
    const attempt = this.#attempt;
    if (outcome.kind === 'success') {
      const { account, login } = outcome.identity;
      if (configuration.config.domains.accounts[account]?.loginDisabled !== undefined) {
        // The password was right, but the client goes on trying; `open` gives the reason.
        attempt?.failed(login);
        const why = { failure: 'disabled', reason: 'the account is disabled' };
        log.warn('imap.loginFailed', { remoteAddress, mechanism: outcome.mechanism, login, ...why });
        return;
      }
      attempt?.succeeded(login);
      void appPasswords.noteUse(outcome.identity, { protocol: 'imap', address: remoteAddress });
      log.info('imap.login', { remoteAddress, account, login, mechanism: outcome.mechanism });
      return;
    }
    const { mechanism, login, failure, reason } = outcome;
    if (failure === 'protocol' || failure === 'aborted') attempt?.[Symbol.dispose]();
    else attempt?.failed(login);
    log.warn('imap.loginFailed', { remoteAddress, mechanism, login, failure, reason });
  }

  noteClientId(fields: ReadonlyMap<string, string | null>): void {
    this.#deps.log.debug('imap.clientId', { name: fields.get('name'), version: fields.get('version') });
  }

  async open(identity: Identity): Promise<AccountBackend> {
    const { accounts, bus, clock, configuration, contentMemory, appendLimitBytes, connection } = this.#deps;
    const settings = configuration.config.domains.accounts[identity.account];
    if (settings?.loginDisabled !== undefined) throw new No('AUTHORIZATIONFAILED', settings.loginDisabled);
    const scopes = identity.appPassword?.scopes ?? ['mail'];
    if (!scopes.includes('mail') && !scopes.includes('read-only'))
      throw new No('AUTHORIZATIONFAILED', 'this app password does not permit reading mail');
    const account = await accounts.open(identity.account);
    if (account === null || settings === undefined)
      throw new No('AUTHORIZATIONFAILED', 'there is no such account any more');
    this.#deps.onOpen(account);
    const by = { ...connection(), login: { name: identity.login, mechanism: this.#mechanism } };
    const storedBy = writeReception({ by, checks: [] });
    return new AccountGlue({
      account,
      bus,
      clock,
      contentMemory,
      appendLimitBytes,
      isReadOnly: !scopes.includes('mail'),
      quotaBytes: settings.quota,
      storedBy,
    });
  }
}
