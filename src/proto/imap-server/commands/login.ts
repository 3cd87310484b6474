import { LoginsBusy, type Identity } from '#lib/sasl';
import { mayUseLogin } from '../offered-capabilities.ts';
import { completeLogin, refuseLogin } from '../login.ts';
import { No } from '../refusal.ts';
import type { CommandOf, Handler } from './handler.ts';

/** LOGIN (RFC 9051 §6.2.3): MUST be refused while LOGINDISABLED is advertised. */
export const login: Handler<CommandOf<'login'>> = {
  state: 'notAuthenticated',
  updates: 'none',
  async run(context, command) {
    const { channel, backend, options } = context.deps;
    if (channel.tls === null && !options.allowClearPasswords) {
      // RFC 5530 §3: PRIVACYREQUIRED, after which a client could try STARTTLS.
      throw new No('PRIVACYREQUIRED', 'use STARTTLS before LOGIN');
    }
    if (!mayUseLogin(options, channel.tls)) throw new No(null, 'LOGIN is disabled here, use AUTHENTICATE');
    await backend.admitLogin('PLAIN');
    const refuse = (failure: 'credentials' | 'busy', reason: string): Promise<never> =>
      refuseLogin(context, { mechanism: 'PLAIN', login: command.user, failure, reason });
    let identity: Identity | null;
    try {
      identity = await backend.credentials.checkPassword(command.user, command.password);
    } catch (error) {
      if (error instanceof LoginsBusy) return refuse('busy', error.message);
      throw error;
    }
    if (identity === null) return refuse('credentials', 'wrong password');
    return completeLogin(context, identity);
  },
};
