import type { SpecialUse } from '../backend.ts';
import { creatableName } from '../mailbox-name.ts';
import { isOtherForm, writeOldName } from '../old-name.ts';
import { No } from '../refusal.ts';
import type { CommandOf, Handler } from './handler.ts';

const uses = new Map<string, SpecialUse>([
  ['\\archive', '\\Archive'],
  ['\\drafts', '\\Drafts'],
  ['\\junk', '\\Junk'],
  ['\\sent', '\\Sent'],
  ['\\trash', '\\Trash'],
]);

/** CREATE (RFC 9051 §6.3.4), with USE (RFC 6154 §3). */
export const create: Handler<CommandOf<'create'>> = {
  state: 'authenticated',
  changesAccount: true,
  updates: 'all',
  async run(context, command) {
    const name = creatableName(command.mailbox);
    // RFC 9051 §6.3.4: creating INBOX is an error. RFC 5530 §3: ALREADYEXISTS.
    if (name === 'INBOX') throw new No('ALREADYEXISTS', 'INBOX exists always');
    const wanted = command.specialUse.map((attribute) => {
      const use = uses.get(attribute);
      // RFC 6154 §3: USEATTR when a special use cannot be assigned. \All and \Flagged are views over all mail, which we do not keep.
      if (use === undefined) throw new No('USEATTR', 'this special use cannot be given');
      return use;
    });
    await context.loggedIn().create(name, [...new Set(wanted)]);
    if (isOtherForm(context, name, command.mailbox)) writeOldName(context, [], name, command.mailbox);
    return 'created';
  },
};
