import { anywhere, type CommandDefinition } from './definition.ts';

/** RSET (RFC 5321 §4.1.1.5): MUST discard the transaction and reply 250, at any time. */
export const rset: CommandDefinition<'RSET'> = {
  legal: anywhere,
  isIdle: true,
  async handle(context) {
    context.reset();
    context.wire.text('250 2.0.0 ok\r\n');
  },
};

/** NOOP (RFC 5321 §4.1.1.9): replies 250 and changes nothing. */
export const noop: CommandDefinition<'NOOP'> = {
  legal: anywhere,
  isIdle: true,
  async handle(context) {
    context.wire.text('250 2.0.0 ok\r\n');
  },
};

/** QUIT (RFC 5321 §4.1.1.10): MUST reply 221, then close the connection. */
export const quit: CommandDefinition<'QUIT'> = {
  legal: anywhere,
  isIdle: false,
  async handle(context) {
    context.isClosing = true;
    context.wire.text('221 2.0.0 bye\r\n');
  },
};

/** HELP (RFC 5321 §4.1.1.8): SHOULD be supported without arguments; ours are ignored. */
export const help: CommandDefinition<'HELP'> = {
  legal: anywhere,
  isIdle: true,
  async handle(context) {
    context.wire.text('214 2.0.0 see RFC 5321\r\n');
  },
};

// RFC 5321 §3.5.3: 252 when an address is not verified; RFC 5321 §7.3: so the server never appears to have verified one, and reveals no user.
const cannotVerify = '252 2.7.0 will not say, but will accept mail and try\r\n';

/** VRFY (RFC 5321 §4.1.1.6). */
export const vrfy: CommandDefinition<'VRFY'> = {
  legal: anywhere,
  isIdle: true,
  async handle(context) {
    context.wire.text(cannotVerify);
  },
};

/** EXPN (RFC 5321 §4.1.1.7). */
export const expn: CommandDefinition<'EXPN'> = {
  legal: anywhere,
  isIdle: true,
  async handle(context) {
    context.wire.text(cannotVerify);
  },
};
