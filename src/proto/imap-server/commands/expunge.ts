import { uidsAt } from '../message-set.ts';
import { No } from '../refusal.ts';
import type { CommandOf, Handler } from './handler.ts';

/** EXPUNGE (RFC 9051 §6.4.3) and UID EXPUNGE (RFC 4315 §2.1); the session then tells which messages went. */
export const expunge: Handler<CommandOf<'expunge'>> = {
  state: 'selected',
  updates: 'all',
  async run(context, command) {
    const selection = context.selected();
    if (selection.isReadOnly) throw new No('READ-ONLY', 'the mailbox was examined');
    const uids = command.uids === null ? null : uidsAt(selection.positions(command.uids, true), selection.view.uids);
    if (uids === null || uids.length > 0) await selection.mailbox.expunge(uids);
    return 'expunged';
  },
};
