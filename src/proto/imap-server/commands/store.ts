import type { StoreCommand } from '#lib/imap';
import { without } from '#lib/search';
import type { Selection } from '../selection.ts';
import type { Context } from '../context.ts';
import { type PositionRange, uidsAt } from '../message-set.ts';
import { Bad, No } from '../refusal.ts';
import type { Handler } from './handler.ts';

/** STORE and UID STORE (RFC 9051 §6.4.6). */
export const store: Handler<StoreCommand> = {
  state: 'selected',
  updates: (command) => (command.uid ? 'all' : 'withoutExpunge'),
  async run(context, command) {
    const selection = context.selected();
    if (command.unchangedSince !== null) throw new Bad('CONDSTORE is not offered');
    // RFC 9051 §6.3.3: after EXAMINE no changes to the permanent state are permitted.
    if (selection.isReadOnly) throw new No('READ-ONLY', 'the mailbox is open for reading only');
    const [unknown] = command.flags.unknown;
    // RFC 9051 §2.3.2: clients cannot alter \Recent, and no other system flags exist.
    if (unknown !== undefined) throw new No('CANNOT', 'only the five system flags and keywords can be set');
    const ranges = selection.positions(command.set, command.uid);
    // RFC 9051 §6.4.6: even with .SILENT, flag changes from an external source SHOULD be sent.
    await selection.report(context.output, false);
    const uids = uidsAt(ranges, selection.view.uids);
    const change = { mode: command.mode, bits: command.flags.bits, keywords: command.flags.keywords };
    if (uids.length > 0) {
      const { modSeqs } = await selection.mailbox.store(uids, change);
      selection.view.noteOwn(modSeqs);
    }
    // Keywords that are new to the mailbox are announced before they are used (RFC 9051 §7.3.5).
    await selection.reportImage(context.output, selection.mailbox.image, false);
    const gone = command.silent ? countGone(selection, uids) : await writeAll(context, selection, ranges, command.uid);
    // RFC 2180 §4.2.1: flags of existing messages are stored, and the expunged ones are reported when a later command permits.
    if (gone > 0 && gone === uids.length && !command.uid) throw new No('EXPUNGEISSUED', 'the messages were expunged');
    return 'stored';
  },
};

async function writeAll(
  context: Context,
  selection: Selection,
  ranges: readonly PositionRange[],
  withUid: boolean,
): Promise<number> {
  const { output } = context;
  let gone = 0;
  for (const { start, end } of ranges) {
    for (let at = start; at < end; at++) {
      if (!selection.writeFlags(output, at, withUid)) gone++;
      if (output.isFull) await output.spill();
    }
  }
  return gone;
}

function countGone(selection: Selection, uids: Uint32Array): number {
  const current = selection.mailbox.image.uids;
  if (current === selection.view.uids) return 0;
  return without(uids, current).length;
}
