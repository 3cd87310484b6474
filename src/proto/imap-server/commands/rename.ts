import { creatableName, knownName } from '../mailbox-name.ts';
import { isOtherForm, writeOldName } from '../old-name.ts';
import { No } from '../refusal.ts';
import type { CommandOf, Handler } from './handler.ts';

/** RENAME (RFC 9051 §6.3.6). @throws No when the new name exists or lies below the old one. */
export const rename: Handler<CommandOf<'rename'>> = {
  state: 'authenticated',
  changesAccount: true,
  updates: 'all',
  async run(context, command) {
    const from = knownName(command.from);
    const to = creatableName(command.to);
    if (to === 'INBOX') throw new No('ALREADYEXISTS', 'INBOX exists always');
    if (to === from) throw new No('ALREADYEXISTS', 'that is its name already');
    if (to.startsWith(`${from}/`) && from !== 'INBOX') throw new No('CANNOT', 'a mailbox cannot move below itself');
    await context.loggedIn().rename(from, to);
    if (isOtherForm(context, from, command.from) || isOtherForm(context, to, command.to)) {
      writeOldName(context, [], to, command.from);
    }
    return 'renamed';
  },
};
