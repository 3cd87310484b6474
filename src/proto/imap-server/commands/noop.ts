import type { CommandOf, Handler } from './handler.ts';

/** NOOP (RFC 9051 §6.1.2): a poll for changes. */
export const noop: Handler<CommandOf<'noop'>> = {
  state: 'any',
  updates: 'all',
  run: async () => 'done',
};

/** CHECK (RFC 3501 §6.4.1): a checkpoint. Everything is durable already, so it is equivalent to NOOP. */
export const check: Handler<CommandOf<'check'>> = {
  state: 'selected',
  updates: 'all',
  run: async () => 'everything is checkpointed',
};
