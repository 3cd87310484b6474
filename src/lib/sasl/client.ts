import { CramMd5Client, ExternalClient, LoginClient, PlainClient } from './client-simple.ts';
import { TokenClient } from './client-oauth.ts';
import { ScramClient } from './client-scram.ts';
import type { SaslClientOptions } from './client-options.ts';
import { mechanismTraits, type MechanismName } from './mechanisms.ts';
import type { SaslClient } from './types.ts';

/**
 * Starts the client's side of one exchange, which never throws because of the server.
 * @throws RangeError when the mechanism does not work with these options: a -PLUS form without bindings, NUL in a name or password
 * (RFC 4616 §2: MUST NOT), a missing password or token, a token without TLS (RFC 7628 §3).
 */
export function createSaslClient(mechanism: MechanismName, options: SaslClientOptions): SaslClient {
  const { login, authorizationId = '', password } = options;
  if (`${login}${authorizationId}${password?.reveal() ?? ''}`.includes('\0'))
    throw new RangeError('NUL in a login or password');
  if (password === null && mechanismTraits(mechanism).secret === 'password')
    throw new RangeError(`${mechanism} needs a password`);
  return clients[mechanism](options);
}

const clients: Readonly<Record<MechanismName, (options: SaslClientOptions) => SaslClient>> = {
  EXTERNAL: (options) => new ExternalClient(options),
  'SCRAM-SHA-256-PLUS': (options) => new ScramClient('SCRAM-SHA-256-PLUS', 'SHA-256', options),
  'SCRAM-SHA-256': (options) => new ScramClient('SCRAM-SHA-256', 'SHA-256', options),
  'SCRAM-SHA-1-PLUS': (options) => new ScramClient('SCRAM-SHA-1-PLUS', 'SHA-1', options),
  'SCRAM-SHA-1': (options) => new ScramClient('SCRAM-SHA-1', 'SHA-1', options),
  'CRAM-MD5': (options) => new CramMd5Client(options),
  OAUTHBEARER: (options) => new TokenClient('OAUTHBEARER', options),
  XOAUTH2: (options) => new TokenClient('XOAUTH2', options),
  PLAIN: (options) => new PlainClient(options),
  LOGIN: (options) => new LoginClient(options),
};
