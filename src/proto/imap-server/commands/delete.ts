import { knownName } from '../mailbox-name.ts';
import { isOtherForm, writeOldName } from '../old-name.ts';
import { No } from '../refusal.ts';
import type { CommandOf, Handler } from './handler.ts';

/** DELETE (RFC 9051 §6.3.5). Deleting the selected mailbox deselects it, with CLOSED (RFC 9051 §7.1). */
export const deleteMailbox: Handler<CommandOf<'delete'>> = {
  state: 'authenticated',
  changesAccount: true,
  updates: 'all',
  async run(context, command) {
    const name = knownName(command.mailbox);
    // RFC 9051 §6.3.5: deleting INBOX is an error. RFC 5530 §3: CANNOT, an operation that can never succeed.
    if (name === 'INBOX') throw new No('CANNOT', 'INBOX cannot be deleted');
    await context.loggedIn().delete(name);
    // Identified by its id, not by its name, since it may have been renamed.
    if (context.selection !== null && (await context.selection.mailbox.refresh()) === null) {
      await context.unselect();
      context.untagged('OK [CLOSED] the selected mailbox was deleted');
    }
    if (isOtherForm(context, name, command.mailbox)) writeOldName(context, ['\\NonExistent'], name, command.mailbox);
    return 'deleted';
  },
};
