import type { CommandOf, Handler } from './handler.ts';

/** CLOSE (RFC 9051 §6.4.1): expunges without EXPUNGE responses, or nothing if the mailbox was examined, then deselects. */
export const close: Handler<CommandOf<'close'>> = {
  state: 'selected',
  updates: 'none',
  async run(context) {
    const { isReadOnly, mailbox } = context.selected();
    if (!isReadOnly) await mailbox.expunge(null);
    await context.unselect();
    return 'closed';
  },
};

/** UNSELECT (RFC 9051 §6.4.2): deselects without expunging. */
export const unselect: Handler<CommandOf<'unselect'>> = {
  state: 'selected',
  updates: 'none',
  async run(context) {
    await context.unselect();
    return 'unselected';
  },
};
