import { Bad } from '../refusal.ts';
import type { CommandOf, Handler } from './handler.ts';

/** STARTTLS (RFC 9051 §6.2.1). The session makes the handshake after the tagged OK was sent in plaintext. */
export const startTls: Handler<CommandOf<'startTls'>> = {
  state: 'notAuthenticated',
  updates: 'none',
  async run(context) {
    // RFC 9051 §6.2.1: BAD after a successful TLS negotiation, always on an Implicit TLS port.
    if (context.deps.channel.tls !== null) throw new Bad('TLS is active already');
    if (!context.deps.options.startTls) throw new Bad('TLS is not available here');
    context.wantsTls = true;
    return 'begin TLS negotiation now';
  },
};
