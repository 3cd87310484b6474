import { createHash } from 'node:crypto';
import type { RequestFacts } from '#host/http-server';
import { appPasswordScopes, LoginsBusy, type AppPasswordScope, type Identity } from '#lib/sasl';
import type { CredentialChecker, WebSessions } from '#mail/auth';
import type { Log } from '#ports/log';
import { admissionTexts, type Logins, type LoginTerms, type LoginTry, type OpenLogin } from '#server/admission';
import { parseAuthorization, type Basic, type Bearer } from './authorization-field.ts';
import { isOfOwnPage } from './origin-check.ts';
import { plainAnswer } from './plain-answer.ts';
import { clearSessionCookie, sessionCookie } from './session-cookie.ts';

/** Dependencies of logins over HTTP. */
export interface HttpLoginsDeps {
  readonly logins: Pick<Logins, 'begin' | 'beginToken'>;
  readonly credentials: Pick<CredentialChecker, 'checkPassword' | 'checkToken'>;
  readonly sessions: Pick<WebSessions, 'check'>;
  /** Accept passwords without TLS from other machines. */
  readonly allowPlaintextAuth: boolean;
}

/** The result of `HttpLogins.authenticate`: the account, or the response for a request that may not go on. */
export type HttpLogin =
  | {
      readonly kind: 'account';
      readonly identity: Identity;
      /** Holds the login open for a response that goes on, such as a stream, which ends with the signal and disposes what this returns. Each request is checked anyway. */
      readonly open: () => OpenLogin;
    }
  | { readonly kind: 'refused'; readonly response: Response };

/** Logins over HTTP: names and passwords, tokens, or cookies of sessions with each request, over the same throttle and log as those of IMAP and SMTP. */
export class HttpLogins {
  readonly #deps: HttpLoginsDeps;
  /** Mechanism, login and client last seen on each connection, which is known by its log: only the first one is an event. */
  readonly #seen = new WeakMap<Log, string>();

  constructor(deps: HttpLoginsDeps) {
    this.#deps = deps;
  }

  /**
   * Finds the account of a request by its Authorization field, or else by the cookie of a session.
   * @param scopes  An app password has one of them at least. Who names `read-only` sees to it that such a login changes nothing.
   */
  async authenticate(
    request: Request,
    facts: RequestFacts,
    scopes: readonly AppPasswordScope[] = ['mail'],
  ): Promise<HttpLogin> {
    const field = request.headers.get('Authorization');
    const cookie = field === null ? sessionCookie(request, facts.isTls) : null;
    if (field === null && cookie === null)
      return refused(401, 'Log in with the name and password of your account.', challenges(request));
    const plaintext = this.#refusePlaintext(facts);
    if (plaintext !== null) return plaintext;
    if (field === null) return await this.#checkCookie(cookie ?? '', request, facts, scopes);
    const secret = parseAuthorization(field);
    switch (secret.scheme) {
      case 'basic':
        return await this.#checkPassword(secret, request, facts, scopes, 'Basic');
      case 'bearer':
        return await this.#checkToken(secret, request, facts, scopes);
      case 'malformedToken':
        // RFC 6750 §3.1: invalid_request SHOULD be answered with 400.
        return refused(400, 'This is not a bearer token (RFC 6750).', challenges(request, 'invalid_request'));
      default:
        return refused(401, 'Log in with Basic (RFC 7617) or Bearer (RFC 6750).', challenges(request));
    }
  }

  /** Checks a name and a password that are no field of the header, as a page sends them. An app password of any scope is right. */
  async authenticatePassword(
    given: Pick<Basic, 'login' | 'password'>,
    request: Request,
    facts: RequestFacts,
  ): Promise<HttpLogin> {
    return (
      this.#refusePlaintext(facts) ?? (await this.#checkPassword(given, request, facts, appPasswordScopes, 'Page'))
    );
  }

  #refusePlaintext({ remote, isTls }: RequestFacts): HttpLogin | null {
    if (isTls || this.#deps.allowPlaintextAuth || isLoopback(remote.address)) return null;
    return refused(403, 'Passwords are refused without TLS: use https.');
  }

  async #checkCookie(
    token: string,
    request: Request,
    facts: RequestFacts,
    scopes: readonly AppPasswordScope[],
  ): Promise<HttpLogin> {
    if (!isOfOwnPage(request)) return refused(403, 'Only pages of this server may use its session.');
    // A session that has ended is no guess, and 256 bits are not guessed: a wrong cookie counts for nothing.
    const { login: attempt } = this.#deps.logins.beginToken(clientOf(facts), hashOf(token));
    const identity = await this.#deps.sessions.check(token, facts.remote.address);
    if (identity === null) {
      const headers = { ...challenges(request), 'Set-Cookie': clearSessionCookie(facts.isTls) };
      return refused(401, 'The session has ended: please log in again.', headers);
    }
    return this.#decide(attempt, identity, { mechanism: 'Cookie', scopes, isRepeated: true }, request, facts);
  }

  async #checkPassword(
    { login, password }: Pick<Basic, 'login' | 'password'>,
    request: Request,
    facts: RequestFacts,
    scopes: readonly AppPasswordScope[],
    mechanism: 'Basic' | 'Page',
  ): Promise<HttpLogin> {
    const start = await this.#deps.logins.begin(clientOf(facts));
    if (start.kind === 'busy') return refused(503, admissionTexts.busy, { 'Retry-After': '10' });
    if (start.kind !== 'admitted') return refusedTooOften();
    using attempt = start.login;
    let identity: Identity | null;
    try {
      identity = await this.#deps.credentials.checkPassword(login, password);
    } catch (error) {
      if (error instanceof LoginsBusy) return refused(503, admissionTexts.busy, { 'Retry-After': '10' });
      throw error;
    }
    if (identity !== null) return this.#decide(attempt, identity, { mechanism, scopes }, request, facts);
    attempt.failed({ mechanism, login, failure: 'credentials', reason: 'wrong name or password' });
    return refused(401, 'The name or the password is wrong.', challenges(request));
  }

  async #checkToken(
    { token }: Bearer,
    request: Request,
    facts: RequestFacts,
    scopes: readonly AppPasswordScope[],
  ): Promise<HttpLogin> {
    const { login: attempt, mayFail } = this.#deps.logins.beginToken(clientOf(facts), hashOf(token));
    const identity = await this.#deps.credentials.checkToken(token);
    if (identity !== null) return this.#decide(attempt, identity, { mechanism: 'Bearer', scopes }, request, facts);
    if (!mayFail()) return refusedTooOften();
    attempt.failed({ mechanism: 'Bearer', login: null, failure: 'credentials', reason: 'wrong token' });
    return refused(401, 'The token is wrong, or no longer valid.', challenges(request, 'invalid_token'));
  }

  #decide(attempt: LoginTry, identity: Identity, terms: LoginTerms, request: Request, facts: RequestFacts): HttpLogin {
    const { mechanism, scopes } = terms;
    const seen = `${mechanism} ${identity.login} ${facts.remote.address}`;
    const isRepeated = terms.isRepeated === true || this.#seen.get(facts.log) === seen;
    const decision = attempt.decide(identity, { ...terms, isRepeated });
    if (decision.kind === 'disabled') return refused(403, decision.text);
    if (decision.kind === 'notPermitted') {
      const text = `This app password does not permit this, which needs the scope ${scopes.join(' or ')}.`;
      return refused(403, text, mechanism === 'Bearer' ? challenges(request, 'insufficient_scope') : {});
    }
    facts.noteAccount(identity.account);
    this.#seen.set(facts.log, seen);
    return { kind: 'account', identity, open: decision.open };
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

function clientOf({ remote, log }: RequestFacts) {
  return { protocol: 'http', remoteAddress: remote.address, log } as const;
}

function refusedTooOften(): HttpLogin {
  return refused(429, admissionTexts.failedTooOften, { 'Retry-After': '60' });
}

function refused(status: number, text: string, headers: Readonly<Record<string, string>> = {}): HttpLogin {
  return { kind: 'refused', response: plainAnswer(status, text, headers) };
}

/**
 * Returns the ways to log in (RFC 9110 §11.6.1). A browser would ask its user for a password where Basic is offered to a script of a page, which asks by
 * itself.
 * @param error  Reason why a token was refused (RFC 6750 §3.1); null where the request had none.
 */
function challenges(request: Request, error: string | null = null): Record<string, string> {
  // RFC 7617 §2.1: with this parameter clients send names and passwords in UTF-8.
  const basic = 'Basic realm="Godwit", charset="UTF-8"';
  const bearer = `Bearer realm="Godwit"${error === null ? '' : `, error="${error}"`}`;
  const isOfScript = !['navigate', null].includes(request.headers.get('Sec-Fetch-Mode'));
  return { 'WWW-Authenticate': isOfScript ? bearer : `${basic}, ${bearer}` };
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}
