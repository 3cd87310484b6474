import type { CommandOf, Handler } from './handler.ts';

/** ID (RFC 2971 §3.1): notes who the client says it is, and says who we are; the version only to those who logged in. */
export const id: Handler<CommandOf<'id'>> = {
  state: 'any',
  updates: 'all',
  run(context, command) {
    context.deps.backend.noteClientId(new Map(command.fields ?? []));
    const fields = [...context.deps.options.serverId].filter(([name]) => context.account !== null || name === 'name');
    const pairs = fields.map(([name, value]) => `${context.stringText(name)} ${context.stringText(value)}`);
    context.untagged(`ID ${pairs.length === 0 ? 'NIL' : `(${pairs.join(' ')})`}`);
    return 'ID completed';
  },
};
