import type { RequestFacts } from '#host/http-server';
import { parseBase64 } from '#lib/codecs';
import { LoginsBusy, type AppPasswordScope, type CredentialStore, type Identity } from '#lib/sasl';
import type { Log } from '#ports/log';
import { admissionTexts, type Logins, type LoginTerms, type LoginTry, type OpenLogin } from '#server/admission';
import { plainAnswer } from './plain-answer.ts';

/** Dependencies of logins over HTTP. */
export interface HttpLoginsDeps {
  readonly logins: Pick<Logins, 'begin'>;
  readonly credentials: Pick<CredentialStore, 'checkPassword'>;
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
    const client = { protocol: 'http', remoteAddress: remote.address, log: facts.log } as const;
    const start = await this.#deps.logins.begin(client);
    if (start.kind === 'busy') return refused(503, admissionTexts.busy, { 'Retry-After': '10' });
    if (start.kind !== 'admitted') return refused(429, admissionTexts.failedTooOften, { 'Retry-After': '60' });
    using attempt = start.login;
    let identity: Identity | null;
    try {
      identity = await this.#deps.credentials.checkPassword(basic.login, basic.password);
    } catch (error) {
      if (error instanceof LoginsBusy) return refused(503, admissionTexts.busy, { 'Retry-After': '10' });
      throw error;
    }
    if (identity !== null) return this.#decide(attempt, identity, { mechanism: 'Basic', scopes }, facts);
    const reason = 'wrong name or password';
    attempt.failed({ mechanism: 'Basic', login: basic.login, failure: 'credentials', reason });
    return refused(401, 'The name or the password is wrong.', challenge);
  }

  #decide(attempt: LoginTry, identity: Identity, terms: LoginTerms, facts: RequestFacts): HttpLogin {
    const isRepeated = this.#seen.get(facts.log) === identity.login;
    const decision = attempt.decide(identity, { ...terms, isRepeated });
    if (decision.kind === 'disabled') return refused(403, decision.text);
    if (decision.kind === 'notPermitted')
      return refused(
        403,
        `This app password does not permit this, which needs the scope ${terms.scopes.join(' or ')}.`,
      );
    facts.noteAccount(identity.account);
    this.#seen.set(facts.log, identity.login);
    return { kind: 'account', identity, open: decision.open };
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
