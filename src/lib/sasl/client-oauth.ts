import type { SaslClientOptions } from './client-options.ts';
import { saslLimits } from './limits.ts';
import { describeTokenError, dummyResponse, writeOauthBearer, writeXoauth2 } from './oauth-messages.ts';
import { nothing } from './text.ts';
import type { SaslClient, SaslClientStep } from './types.ts';

/** OAUTHBEARER (RFC 7628 §3) and XOAUTH2, its predecessor at Google and Microsoft: one message with an access token. */
export class TokenClient implements SaslClient {
  readonly mechanism: 'OAUTHBEARER' | 'XOAUTH2';
  readonly #message: Uint8Array;
  #state: 'start' | 'sent' | 'refused' | 'failed' = 'start';
  #problem: string | null = null;

  /** @throws RangeError when there is no token, no TLS, or a character that the messages cannot carry. */
  constructor(mechanism: 'OAUTHBEARER' | 'XOAUTH2', options: SaslClientOptions) {
    const { login, authorizationId = '', token, bindings, server } = options;
    if (token === undefined) throw new RangeError(`${mechanism} needs an access token`);
    // RFC 7628 §3: TLS MUST be used to protect the token.
    if (bindings === null) throw new RangeError(`${mechanism} needs TLS`);
    const text = token.reveal();
    // RFC 6750 §2.1, b64token: a line break or space copied with the token is reported here, not as a refusal by the server.
    if (!/^[A-Za-z0-9._~+/-]+=*$/.test(text)) throw new RangeError('a character that no access token has');
    const user = authorizationId === '' ? login : authorizationId;
    if (`${user}${server?.host ?? ''}`.includes('\x01')) throw new RangeError('control character in a login or host');
    this.mechanism = mechanism;
    const message = { login: user, token: text, host: server?.host ?? null, port: server?.port ?? null };
    this.#message = mechanism === 'XOAUTH2' ? writeXoauth2(message) : writeOauthBearer(message);
  }

  get problem(): string | null {
    return this.#problem;
  }

  initial(): Uint8Array {
    this.#state = 'sent';
    return this.#message;
  }

  step(challenge: Uint8Array): SaslClientStep {
    if (this.#state === 'start') return { kind: 'response', data: this.initial() };
    if (this.#state !== 'sent' || challenge.length > saslLimits.maxMessageBytes) return this.#fail();
    this.#state = 'refused';
    this.#problem = describeTokenError(challenge);
    // RFC 7628 §3.2.3: the client MUST send one more response, %x01, so that the server can report failure.
    return { kind: 'response', data: this.mechanism === 'XOAUTH2' ? nothing : dummyResponse };
  }

  finish(_data: Uint8Array | null): SaslClientStep {
    if (this.#state === 'sent') return { kind: 'done' };
    const reason = this.#problem ?? 'server reports success before the exchange was complete';
    return { kind: 'failure', reason };
  }

  #fail(): SaslClientStep {
    this.#state = 'failed';
    return { kind: 'failure', reason: this.#problem ?? 'server asks for more than the mechanism has' };
  }
}
