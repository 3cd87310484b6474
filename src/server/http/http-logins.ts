import type { RequestFacts } from '#host/http-server';
import { parseBase64 } from '#lib/codecs';
import { LoginsBusy, type AppPasswordScope, type CredentialStore, type Identity } from '#lib/sasl';
import type { AppPasswords } from '#mail/auth';
import type { Log } from '#ports/log';
import { admissionTexts, type Admission, type LoginAttempt } from '#server/admission';
import type { Configuration } from '#server/configuration';
import { plainAnswer } from './plain-answer.ts';

/** Dependencies of logins over HTTP. */
export interface HttpLoginsDeps {
  readonly admission: Pick<Admission, 'beginLogin'>;
  readonly credentials: Pick<CredentialStore, 'checkPassword'>;
  readonly appPasswords: Pick<AppPasswords, 'noteUse'>;
  readonly configuration: Pick<Configuration, 'config'>;
  /** Accept passwords without TLS from other machines. */
  readonly allowPlaintextAuth: boolean;
}

/** The result of `HttpLogins.authenticate`: the account, or the response for a request that may not go on. */
export type HttpLogin =
  | { readonly kind: 'account'; readonly identity: Identity }
  | { readonly kind: 'refused'; readonly response: Response };

/** RFC 7617 §2.1: with this parameter clients send names and passwords in UTF-8. */
const challenge = { 'WWW-Authenticate': 'Basic realm="Godwit", charset="UTF-8"' };

/** Logins over HTTP: names and passwords with each request, over the same throttle and log as those of IMAP and SMTP. */
export class HttpLogins {
  readonly #deps: HttpLoginsDeps;
  /** Login last seen on each connection, which is known by its log: only the first one is an event. */
  readonly #seen = new WeakMap<Log, string>();

  constructor(deps: HttpLoginsDeps) {
    this.#deps = deps;
  }

  /**
   * Finds the account of a request by its Authorization field.
   * @param scopes  An app password has one of them at least. Who names `read-only` sees to it that such a login changes nothing.
   */
  async authenticate(
    request: Request,
    facts: RequestFacts,
    scopes: readonly AppPasswordScope[] = ['mail'],
  ): Promise<HttpLogin> {
    const field = request.headers.get('Authorization');
    if (field === null) return refused(401, 'Log in with the name and password of your account.', challenge);
    const { remote, isTls } = facts;
    if (!isTls && !this.#deps.allowPlaintextAuth && !isLoopback(remote.address))
      return refused(403, 'Passwords are refused without TLS: use https.');
    const basic = parseBasic(field);
    if (basic === null) return refused(401, 'Only Basic authentication is known here (RFC 7617).', challenge);
    const admitted = await this.#deps.admission.beginLogin(remote.address);
    if (admitted.kind === 'busy') return refused(503, admissionTexts.busy, { 'Retry-After': '10' });
    if (admitted.kind !== 'admitted') return refused(429, admissionTexts.failedTooOften, { 'Retry-After': '60' });
    using attempt = admitted.attempt;
    return await this.#check(basic, attempt, facts, scopes);
  }

  async #check(
    basic: Basic,
    attempt: LoginAttempt,
    facts: RequestFacts,
    scopes: readonly AppPasswordScope[],
  ): Promise<HttpLogin> {
    const { appPasswords, credentials, configuration } = this.#deps;
    let identity: Identity | null;
    try {
      identity = await credentials.checkPassword(basic.login, basic.password);
    } catch (error) {
      if (error instanceof LoginsBusy) return refused(503, admissionTexts.busy, { 'Retry-After': '10' });
      throw error;
    }
    const remoteAddress = facts.remote.address;
    if (identity === null) {
      attempt.failed(basic.login);
      const why = { failure: 'credentials', reason: 'wrong name or password' };
      facts.log.warn('http.loginFailed', {
        remoteAddress,
        mechanism: 'Basic',
        login: basic.login.slice(0, 320),
        ...why,
      });
      return refused(401, 'The name or the password is wrong.', challenge);
    }
    const { account, login } = identity;
    const disabled = configuration.config.domains.accounts[account]?.loginDisabled;
    if (disabled !== undefined) {
      // The password was right, but the client goes on trying.
      attempt.failed(login);
      const why = { failure: 'disabled', reason: 'the account is disabled' };
      facts.log.warn('http.loginFailed', { remoteAddress, mechanism: 'Basic', login, ...why });
      return refused(403, disabled);
    }
    if (identity.appPassword?.scopes.some((scope) => scopes.includes(scope)) === false) {
      attempt.failed(login);
      const why = { failure: 'authorization', reason: 'the app password does not permit access over HTTP' };
      facts.log.warn('http.loginFailed', { remoteAddress, mechanism: 'Basic', login, ...why });
      return refused(403, `This app password does not permit this, which needs the scope ${scopes.join(' or ')}.`);
    }
    attempt.succeeded(login);
    void appPasswords.noteUse(identity, { protocol: 'http', address: remoteAddress });
    facts.noteAccount(account);
    if (this.#seen.get(facts.log) !== login) {
      this.#seen.set(facts.log, login);
      facts.log.info('http.login', { remoteAddress, account, login, mechanism: 'Basic' });
    }
    return { kind: 'account', identity };
  }
}

function refused(status: number, text: string, headers: Readonly<Record<string, string>> = {}): HttpLogin {
  return { kind: 'refused', response: plainAnswer(status, text, headers) };
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

/** Name and password of a request. */
interface Basic {
  readonly login: string;
  readonly password: string;
}

/** Parses an Authorization field (RFC 7617 §2): the name ends at the first colon. Null when it is not one of Basic. */
function parseBasic(field: string): Basic | null {
  const encoded = /^basic +([\w+/=]+) *$/i.exec(field)?.[1];
  const bytes = encoded === undefined ? null : parseBase64(encoded);
  if (bytes?.ok !== true) return null;
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.value);
    const colon = text.indexOf(':');
    return colon < 0 ? null : { login: text.slice(0, colon), password: text.slice(colon + 1) };
  } catch {
    return null;
  }
}
