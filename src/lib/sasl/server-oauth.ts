import {
  type Exchange,
  type SaslServerOptions,
  type ServerMechanism,
  type TokenService,
  authorize,
  failed,
} from './exchange.ts';
import { type TokenMessage, parseOauthBearer, parseXoauth2, writeTokenError } from './oauth-messages.ts';
import { nothing } from './text.ts';

/** OAUTHBEARER (RFC 7628 §3). */
export const oauthBearer: ServerMechanism = tokenMechanism('OAUTHBEARER', parseOauthBearer, 'invalid_token');

/** XOAUTH2: OAUTHBEARER with another first message, and an HTTP status in its error. */
export const xoauth2: ServerMechanism = tokenMechanism('XOAUTH2', parseXoauth2, '401');

function tokenMechanism(
  name: string,
  parse: (bytes: Uint8Array) => TokenMessage | null,
  status: string,
): ServerMechanism {
  return async function* exchange(initial, options): Exchange {
    const { store, bindings, tokens } = options;
    // RFC 7628 §3: TLS MUST be used, so a token received in plaintext is refused without a check.
    if (bindings === null) return failed('protocol', `${name} needs TLS`);
    const message = parse(initial ?? (yield nothing));
    if (message === null) return failed('protocol', `bad ${name} message`);
    const login = message.login === '' ? null : message.login;
    if (!isForUs(message, tokens)) return failed('protocol', 'the client means to talk to another server', login);
    const identity = message.token === '' ? null : await checkToken(message, options);
    if (identity !== null) return authorize(store, identity.login, message.login, identity, null);
    // RFC 7628 §3.2.3: the exchange fails after the client's next response, regardless of its content.
    yield writeTokenError({ ...tokens?.error, status });
    return message.token === ''
      ? failed('protocol', 'the client asked which tokens are taken', login)
      : failed('credentials', 'the token is not valid here', login);
  };
}

async function checkToken({ login, token }: TokenMessage, { store }: SaslServerOptions) {
  return (await store.checkToken?.(token, login === '' ? null : login)) ?? null;
}

/** RFC 7628 §3.2: host and port MUST match what the server knows of itself, where the client gives them. */
function isForUs({ host, port }: TokenMessage, tokens: TokenService | undefined): boolean {
  const isHost = host === null || tokens?.hosts === undefined || tokens.hosts.includes(host.toLowerCase());
  return isHost && (port === null || tokens?.port === undefined || port === tokens.port);
}
