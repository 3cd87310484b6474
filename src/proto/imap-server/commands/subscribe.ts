import { creatableName, knownName } from '../mailbox-name.ts';
import type { CommandOf, Handler } from './handler.ts';

/** SUBSCRIBE (RFC 9051 §6.3.7): the server MAY check that the name exists; ours does not. */
export const subscribe: Handler<CommandOf<'subscribe'>> = {
  state: 'authenticated',
  changesAccount: true,
  updates: 'all',
  async run(context, command) {
    await context.loggedIn().subscribe(creatableName(command.mailbox), true);
    return 'subscribed';
  },
};

/** UNSUBSCRIBE (RFC 9051 §6.3.8). */
export const unsubscribe: Handler<CommandOf<'unsubscribe'>> = {
  state: 'authenticated',
  changesAccount: true,
  updates: 'all',
  async run(context, command) {
    await context.loggedIn().subscribe(knownName(command.mailbox), false);
    return 'unsubscribed';
  },
};
