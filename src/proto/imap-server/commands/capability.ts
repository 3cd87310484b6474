import type { CommandOf, Handler } from './handler.ts';

/** CAPABILITY (RFC 9051 §6.1.1): one untagged response, which MUST come before the tagged OK. */
export const capability: Handler<CommandOf<'capability'>> = {
  state: 'any',
  updates: 'all',
  async run(context) {
    context.untagged(`CAPABILITY ${context.capability()}`);
    return 'capability completed';
  },
};
