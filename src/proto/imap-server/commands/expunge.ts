import { uidsAt } from '../message-set.ts';
import { No } from '../refusal.ts';
import type { CommandOf, Handler } from './handler.ts';

/** EXPUNGE (RFC 9051 §6.4.3) and UID EXPUNGE (RFC 4315 §2.1); the session then reports the removed messages. */
export const expunge: Handler<CommandOf<'expunge'>> = {
  state: 'selected',
  updates: 'all',
  async run(context, command) {
    const selection = context.selected();
    // RFC 9051 §6.3.3: after EXAMINE no changes to the permanent state are permitted.
    if (selection.isReadOnly) throw new No('READ-ONLY', 'the mailbox is open for reading only');
    const uids = command.uids === null ? null : uidsAt(selection.positions(command.uids, true), selection.view.uids);
    if (uids === null || uids.length > 0) await selection.mailbox.expunge(uids);
    return 'expunged';
  },
};
