import type { Command } from '#lib/imap';
import { withConditions } from '../conditions.ts';
import type { Context } from '../context.ts';
import { Bad, No } from '../refusal.ts';
import { authenticate } from './authenticate.ts';
import { capability } from './capability.ts';
import { close, unselect } from './close.ts';
import { copy, move } from './copy.ts';
import { create } from './create.ts';
import { deleteMailbox } from './delete.ts';
import { enable } from './enable.ts';
import { expunge } from './expunge.ts';
import { fetch } from './fetch.ts';
import type { CommandOf, Handler } from './handler.ts';
import { id } from './id.ts';
import { idle } from './idle.ts';
import { list } from './list.ts';
import { login } from './login.ts';
import { logout } from './logout.ts';
import { lsub } from './lsub.ts';
import { namespace } from './namespace.ts';
import { check, noop } from './noop.ts';
import { rename } from './rename.ts';
import { search } from './search.ts';
import { select } from './select.ts';
import { startTls } from './start-tls.ts';
import { status } from './status.ts';
import { store } from './store.ts';
import { subscribe, unsubscribe } from './subscribe.ts';

type Handlers = { readonly [K in Command['kind']]: Handler<CommandOf<K>> };

const handlers: Handlers = {
  authenticate,
  capability,
  check,
  close,
  copy,
  create,
  delete: deleteMailbox,
  enable,
  examine: select,
  expunge,
  fetch,
  id,
  idle,
  list,
  login,
  logout,
  lsub,
  move,
  namespace,
  noop,
  rename,
  search,
  select,
  startTls,
  status,
  store,
  subscribe,
  unselect,
  unsubscribe,
};

/** Runs one command: checks that it is legal in this state, executes it, and reports changes. Returns the text of the tagged OK. @throws No, Bad or Bye */
export async function dispatch(context: Context, command: Command): Promise<string> {
  // Sound by the type of the table: each kind has a handler for its own command.
  const handler = handlers[command.kind] as Handler<Command>;
  requireState(context, handler.state);
  try {
    if (handler.changesAccount === true) context.requireWritable();
    const text = await handler.run(context, command);
    await report(context, handler, command);
    return text;
  } catch (thrown) {
    const error = withConditions(thrown);
    // RFC 9051 §5.2: size changes observed during a command MUST be sent; after a NO they may be its reason.
    if (error instanceof No) await report(context, handler, command);
    throw error;
  }
}

async function report(context: Context, handler: Handler<Command>, command: Command): Promise<void> {
  const updates = typeof handler.updates === 'function' ? handler.updates(command) : handler.updates;
  if (updates !== 'none') await context.selection?.report(context.output, updates === 'all');
}

/** Checks the state. RFC 9051 §3: a command in an inappropriate state is a protocol error. @throws Bad */
function requireState(context: Context, required: Handler<Command>['state']): void {
  const { state } = context;
  if (required === 'any' || required === state || (required === 'authenticated' && state === 'selected')) return;
  if (required === 'notAuthenticated') throw new Bad('you are logged in already');
  throw new Bad(state === 'notAuthenticated' ? 'log in first' : 'select a mailbox first');
}
