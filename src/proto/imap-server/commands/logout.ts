import type { CommandOf, Handler } from './handler.ts';

/** LOGOUT (RFC 9051 §6.1.3): an untagged BYE MUST come before the tagged OK. */
export const logout: Handler<CommandOf<'logout'>> = {
  state: 'any',
  updates: 'none',
  async run(context) {
    context.isLoggedOut = true;
    await context.unselect();
    context.untagged('BYE logging out');
    return 'goodbye';
  },
};
