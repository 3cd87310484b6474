import { Bad } from '../refusal.ts';
import type { CommandOf, Handler } from './handler.ts';

/** STARTTLS (RFC 9051 §6.2.1). The session does the handshake after the tagged OK went out in plaintext. */
export const startTls: Handler<CommandOf<'startTls'>> = {
  state: 'notAuthenticated',
  updates: 'none',
  run(context) {
    if (context.deps.channel.tls !== null) throw new Bad('TLS is active already');
    if (!context.deps.options.startTls) throw new Bad('TLS is not available here');
    context.wantsTls = true;
    return 'begin TLS negotiation now';
  },
};
