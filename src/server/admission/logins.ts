import type { AppPasswordScope, Identity, SaslFailure } from '#lib/sasl';
import type { AppPasswords } from '#mail/auth';
import type { Log } from '#ports/log';
import type { Admission } from './admission.ts';
import type { LoginAttempt } from './login-limit.ts';
import { disabledText, OpenLogins, type OpenLogin, type OpenLoginsDeps } from './open-logins.ts';

/** Dependencies of logins. */
export interface LoginsDeps extends OpenLoginsDeps {
  readonly admission: Pick<Admission, 'beginLogin' | 'mayLogIn' | 'noteFailedToken'>;
  readonly appPasswords: Pick<AppPasswords, 'noteUse'>;
}

/** Protocol of a login. */
export type LoginProtocol = 'imap' | 'submission' | 'http';

/** A client that logs in. */
export interface LoginClient {
  readonly protocol: LoginProtocol;
  readonly remoteAddress: string;
  /** Log of the connection, with its id. */
  readonly log: Log;
}

/** The answer to a client that wants to log in. */
export type LoginStart =
  | { readonly kind: 'admitted'; readonly login: LoginTry }
  | { readonly kind: 'failedTooOften' }
  /** Too many logins of its network are being checked. */
  | { readonly kind: 'busy' };

/** A login that failed. */
export interface FailedLogin {
  readonly mechanism: string;
  /** Null when it did not come to a name. */
  readonly login: string | null;
  readonly failure: SaslFailure;
  /** For the log only. */
  readonly reason: string;
}

/** Conditions of a login whose secret was right. */
export interface LoginTerms {
  readonly mechanism: string;
  /** An app password needs one of them. */
  readonly scopes: readonly AppPasswordScope[];
  /** The same login was recorded on this connection already. Default: false. */
  readonly isRepeated?: boolean;
}

/** The decision about a login whose secret was right. */
export type LoginDecision =
  | {
      readonly kind: 'permitted';
      readonly identity: Identity;
      /** Holds the login open, for a session or a stream: its signal says when it must end. */
      readonly open: () => OpenLogin;
    }
  /** `text` is for the user. */
  | { readonly kind: 'disabled'; readonly text: string }
  /** The app password has none of the scopes. */
  | { readonly kind: 'notPermitted' };

/** Names of events and the words of the log, by protocol. */
const protocols = {
  imap: { login: 'imap.login', failed: 'imap.loginFailed', use: 'reading mail' },
  submission: { login: 'submission.login', failed: 'submission.loginFailed', use: 'sending' },
  http: { login: 'http.login', failed: 'http.loginFailed', use: 'this access over HTTP' },
} as const;

/** Characters of a login name that are logged: right ones are shorter. */
const maxLoggedName = 320;

/** Logins of all protocols: admits them, decides about those whose secret was right, counts and logs all, and keeps those that stay open. */
export class Logins implements Disposable {
  readonly #deps: LoginsDeps;
  readonly #open: OpenLogins;

  constructor(deps: LoginsDeps) {
    this.#deps = deps;
    this.#open = new OpenLogins(deps);
  }

  /** Begins a login, perhaps after others of its network have ended. The caller disposes it. */
  async begin(client: LoginClient): Promise<LoginStart> {
    const since = this.#open.changes;
    const admitted = await this.#deps.admission.beginLogin(client.remoteAddress);
    if (admitted.kind !== 'admitted') return admitted;
    const { attempt } = admitted;
    return { kind: 'admitted', login: new LoginTry({ ...this.#deps, open: this.#open, attempt, client, since }) };
  }

  /**
   * Begins a login with a token, which is found by itself at little cost and too long to be guessed. So a right one is never refused for the failures of others in its
   * network, and a wrong one counts once, however often it is sent.
   * @param token  A hash of it.
   */
  beginToken(client: LoginClient, token: string): TokenTry {
    const { admission } = this.#deps;
    const { remoteAddress } = client;
    const attempt: LoginAttempt = {
      failed: () => admission.noteFailedToken(remoteAddress, token),
      succeeded: () => undefined,
      [Symbol.dispose]: () => undefined,
    };
    const deps = { ...this.#deps, open: this.#open, attempt, client, since: this.#open.changes };
    return { login: new LoginTry(deps), mayFail: () => admission.mayLogIn(remoteAddress) };
  }

  [Symbol.dispose](): void {
    this.#open[Symbol.dispose]();
  }
}

/** One login with a token under way. */
interface TokenTry {
  readonly login: LoginTry;
  /** Reports whether a wrong token is answered as such: false while the network has failed too often. */
  readonly mayFail: () => boolean;
}

interface LoginTryDeps extends Pick<LoginsDeps, 'appPasswords' | 'configuration'> {
  readonly open: OpenLogins;
  readonly attempt: LoginAttempt;
  readonly client: LoginClient;
  /** Number of changes before the secret was looked at. */
  readonly since: number;
}

/** One login under way. Disposing one that did not come to an end withdraws it. */
export class LoginTry implements Disposable {
  readonly #deps: LoginTryDeps;

  /** @param deps  Made by `Logins.begin`. */
  constructor(deps: LoginTryDeps) {
    this.#deps = deps;
  }

  /** Records a login that failed; one that was malformed or cancelled is no guess. */
  failed({ mechanism, login, failure, reason }: FailedLogin): void {
    const { attempt, client } = this.#deps;
    if (failure === 'protocol' || failure === 'aborted') attempt[Symbol.dispose]();
    else attempt.failed(login);
    this.#logFailure({ mechanism, login: login?.slice(0, maxLoggedName) ?? null, failure, reason }, client);
  }

  /** Decides about a login whose secret was right, and records it: one that is refused counts as failed, since the client goes on trying. */
  decide(identity: Identity, { mechanism, scopes, isRepeated = false }: LoginTerms): LoginDecision {
    const { appPasswords, configuration, attempt, client, open, since } = this.#deps;
    const { account, login, appPassword } = identity;
    const { remoteAddress, protocol, log } = client;
    const disabled = disabledText(configuration, identity);
    if (disabled !== null) {
      attempt.failed(login);
      this.#logFailure({ mechanism, login, failure: 'disabled', reason: 'the account is disabled' }, client);
      return { kind: 'disabled', text: disabled };
    }
    if (appPassword?.scopes.some((scope) => scopes.includes(scope)) === false) {
      attempt.failed(login);
      const reason = `the app password does not permit ${protocols[protocol].use}`;
      this.#logFailure({ mechanism, login, failure: 'authorization', reason }, client);
      return { kind: 'notPermitted' };
    }
    attempt.succeeded(login);
    void appPasswords.noteUse(identity, { protocol, address: remoteAddress });
    if (!isRepeated) log.info(protocols[protocol].login, { remoteAddress, account, login, mechanism });
    return { kind: 'permitted', identity, open: () => open.open(identity, since) };
  }

  #logFailure(
    fields: Omit<FailedLogin, 'failure'> & { readonly failure: string },
    { protocol, remoteAddress, log }: LoginClient,
  ): void {
    log.warn(protocols[protocol].failed, { remoteAddress, ...fields });
  }

  [Symbol.dispose](): void {
    this.#deps.attempt[Symbol.dispose]();
  }
}
