import type { CredentialStore, Identity, MechanismName } from '#lib/sasl';
import type { Account, Accounts } from '#mail/accounts';
import type { ContentMemory } from '#mail/content';
import { writeReception, type Acceptance } from '#mail/story';
import type { Bus } from '#ports/bus';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import { Bye, No, type AccountBackend, type FailedLogin, type ImapBackend } from '#proto/imap-server';
import { admissionTexts, type Logins, type LoginTry, type OpenLogin } from '#server/admission';
import type { Configuration } from '#server/configuration';
import { AccountGlue } from './account-glue.ts';

/** Dependencies of one connection's backend. */
export interface ImapGlueDeps {
  readonly accounts: Accounts;
  readonly bus: Bus;
  readonly clock: Clock;
  /** Memory that all messages on their way in share. */
  readonly contentMemory: ContentMemory;
  readonly configuration: Configuration;
  readonly credentials: CredentialStore;
  readonly logins: Pick<Logins, 'begin'>;
  readonly log: Log;
  readonly remoteAddress: string;
  readonly appendLimitBytes: number;
  /** State of the connection, for the stories of messages stored over it. */
  readonly connection: () => Omit<Acceptance, 'login'>;
  /** Called with the account of a login, and the login, which ends with this backend at the latest. */
  readonly onOpen: (account: Account, login: OpenLogin) => void;
}

/** Decisions for one IMAP connection before and at login. */
export class ImapGlue implements ImapBackend, Disposable {
  readonly #deps: ImapGlueDeps;
  /** Of the login that is being tried, or was. */
  #mechanism = '';
  /** The login that is under way. */
  #try: LoginTry | null = null;
  /** The login that the session holds open. */
  #login: OpenLogin | null = null;

  constructor(deps: ImapGlueDeps) {
    this.#deps = deps;
  }

  get credentials(): CredentialStore {
    return this.#deps.credentials;
  }

  async admitLogin(mechanism: MechanismName): Promise<void> {
    this.#mechanism = mechanism;
    const { logins, remoteAddress, log } = this.#deps;
    this.#try?.[Symbol.dispose]();
    this.#try = null;
    const start = await logins.begin({ protocol: 'imap', remoteAddress, log });
    switch (start.kind) {
      case 'admitted':
        this.#try = start.login;
        return;
      case 'busy':
        throw new No('UNAVAILABLE', admissionTexts.busy);
      default:
        throw new Bye(admissionTexts.failedTooOften, 'LIMIT');
    }
  }

  /** Ends a login that did not come to its end, or is open. */
  [Symbol.dispose](): void {
    this.#try?.[Symbol.dispose]();
    this.#login?.[Symbol.dispose]();
  }

  noteFailedLogin(failed: FailedLogin): void {
    this.#try?.failed(failed);
  }

  noteClientId(fields: ReadonlyMap<string, string | null>): void {
    this.#deps.log.debug('imap.clientId', { name: fields.get('name'), version: fields.get('version') });
  }

  async open(identity: Identity): Promise<AccountBackend> {
    const { accounts, bus, clock, configuration, contentMemory, appendLimitBytes, connection } = this.#deps;
    // RFC 9051 §7.1.4: a session that begins authenticated has made no exchange.
    if (this.#try === null) await this.admitLogin('EXTERNAL');
    const decision = this.#try?.decide(identity, { mechanism: this.#mechanism, scopes: ['mail', 'read-only'] });
    if (decision === undefined) throw new Error('no login is under way');
    if (decision.kind === 'disabled') throw new No('AUTHORIZATIONFAILED', decision.text);
    if (decision.kind === 'notPermitted')
      throw new No('AUTHORIZATIONFAILED', 'this app password does not permit reading mail');
    const account = await accounts.open(identity.account);
    if (account === null) throw new No('AUTHORIZATIONFAILED', 'there is no such account anymore');
    this.#login = decision.open();
    this.#deps.onOpen(account, this.#login);
    const by = { ...connection(), login: { name: identity.login, mechanism: this.#mechanism } };
    const storedBy = writeReception({ by, checks: [] });
    return new AccountGlue({
      account,
      bus,
      clock,
      contentMemory,
      appendLimitBytes,
      isReadOnly: identity.appPassword?.scopes.includes('mail') === false,
      quotaBytes: configuration.config.domains.accounts[identity.account]?.quota ?? 0,
      storedBy,
    });
  }
}
