import type { Context } from '../context.ts';
import { knownName } from '../mailbox-name.ts';
import { sequenceSetText, uidsAt } from '../message-set.ts';
import { No } from '../refusal.ts';
import type { CopyResult } from '../selected-mailbox.ts';
import type { CommandOf, Handler } from './handler.ts';

type CopyCommand = CommandOf<'copy' | 'move'>;

/** COPY and UID COPY (RFC 9051 §6.4.7): all messages or none, a partial copy MUST NOT be made. */
export const copy: Handler<CopyCommand> = {
  state: 'selected',
  changesAccount: true,
  updates: 'all',
  async run(context, command) {
    const name = knownName(command.mailbox);
    const uids = wantedUids(context, command);
    if (uids.length === 0) return 'no messages to copy';
    const result = await context.selected().mailbox.copy(uids, name);
    if (result.from.length === 0) throw new No('EXPUNGEISSUED', 'the messages were expunged');
    // RFC 9051 §6.4.7: COPYUID in the tagged OK.
    return `[${await copyUid(context, result)}] copied`;
  },
};

/** MOVE and UID MOVE (RFC 9051 §6.4.8). Messages that were expunged meanwhile are left out (RFC 5530 §3: EXPUNGEISSUED). */
export const move: Handler<CopyCommand> = {
  state: 'selected',
  changesAccount: true,
  updates: 'all',
  async run(context, command) {
    const selection = context.selected();
    if (selection.isReadOnly) throw new No('READ-ONLY', 'the mailbox is open for reading only');
    const name = knownName(command.mailbox);
    const uids = wantedUids(context, command);
    if (uids.length === 0) return 'no messages to move';
    const result = await selection.mailbox.move(uids, name);
    if (result.from.length === 0) throw new No('EXPUNGEISSUED', 'the messages were expunged');
    // RFC 6851 §4.3: COPYUID comes untagged, before the EXPUNGE responses.
    context.untagged(`OK [${await copyUid(context, result)}] moved`);
    return 'moved';
  },
};

function wantedUids(context: Context, command: CopyCommand): Uint32Array {
  const selection = context.selected();
  return uidsAt(selection.positions(command.set, command.uid), selection.view.uids);
}

/** RFC 4315 §3: both sets in the order of copying; ours ascend. */
async function copyUid({ deps }: Context, { uidValidity, from, to }: CopyResult): Promise<string> {
  return `COPYUID ${uidValidity} ${await sequenceSetText(from, deps.loop)} ${await sequenceSetText(to, deps.loop)}`;
}
