import { type SelectCommand, writeList } from '#lib/imap';
import { SystemFlag } from '#lib/flags';
import type { Context } from '../context.ts';
import { knownName } from '../mailbox-name.ts';
import { isOtherForm, writeOldName } from '../old-name.ts';
import { Bad } from '../refusal.ts';
import type { MailboxImage, SelectedMailbox } from '../selected-mailbox.ts';
import { Selection, flagsText, permanentFlagsText } from '../selection.ts';
import type { Handler } from './handler.ts';
import { mailboxAttributes } from './list.ts';

/** SELECT and EXAMINE (RFC 9051 §6.3.2, §6.3.3). */
export const select: Handler<SelectCommand> = {
  state: 'authenticated',
  updates: 'none',
  async run(context, command) {
    if (command.condstore || command.qresync !== null) throw new Bad('CONDSTORE and QRESYNC are not offered');
    const account = context.loggedIn();
    // RFC 9051 §6.3.2: a mailbox that the client may not modify is selected READ-ONLY.
    const isReadOnly = command.kind === 'examine' || account.isReadOnly;
    const wasSelected = context.selection !== null;
    // RFC 9051 §6.3.2: the old mailbox is deselected even if the new one cannot be selected.
    await context.unselect();
    if (wasSelected) context.untagged('OK [CLOSED] previous mailbox closed');
    const name = knownName(command.mailbox);
    const mailbox = await account.select(name, isReadOnly);
    const selection = new Selection(mailbox, isReadOnly, context.deps.loop);
    context.selection = selection;
    writeState(context, selection, mailbox);
    if (context.isRev2) {
      // RFC 9051 §6.3.2: LIST MUST be sent with accurate attributes, and with OLDNAME if the client used another form of the name.
      const attributes = await mailboxAttributes(account, name);
      if (isOtherForm(context, name, command.mailbox)) writeOldName(context, attributes, name, command.mailbox);
      else context.write((writer, options) => writeList(writer, { attributes, separator: '/', name }, options));
    }
    // RFC 9051 §6.3.3: READ-ONLY MUST begin the text after EXAMINE. RFC 9051 §6.3.2: READ-WRITE SHOULD after SELECT.
    return `${isReadOnly ? '[READ-ONLY]' : '[READ-WRITE]'} ${command.kind === 'examine' ? 'examined' : 'selected'}`;
  },
};

/** Writes the responses that RFC 9051 §6.3.2 requires: FLAGS, EXISTS, PERMANENTFLAGS, UIDNEXT and UIDVALIDITY. */
function writeState(context: Context, selection: Selection, { image, takesKeywords }: SelectedMailbox): void {
  const flags = flagsText(image);
  context.untagged(`FLAGS (${flags})`);
  const permanent = selection.isReadOnly ? '' : permanentFlagsText(image, takesKeywords);
  context.untagged(`OK [PERMANENTFLAGS (${permanent})] flags that stay`);
  context.untagged(`${selection.view.uids.length} EXISTS`);
  if (!context.isRev2) {
    // RFC 9051 appendix E: RECENT and UNSEEN are gone in IMAP4rev2; RFC 3501 §6.3.1 requires them. We keep no \Recent.
    context.untagged('0 RECENT');
    const unseen = firstUnseen(image);
    if (unseen > 0) context.untagged(`OK [UNSEEN ${unseen}] first unseen message`);
  }
  context.untagged(`OK [UIDVALIDITY ${image.uidValidity}] UIDs valid`);
  context.untagged(`OK [UIDNEXT ${image.uidNext}] predicted next UID`);
}

function firstUnseen(image: MailboxImage): number {
  const seen = new Map<number, boolean>();
  for (let i = 0; i < image.flagSets.length; i++) {
    const index = image.flagSets[i] ?? 0;
    let isSeen = seen.get(index);
    if (isSeen === undefined) {
      isSeen = (image.flagTable.at(index).bits & SystemFlag.Seen) !== 0;
      seen.set(index, isSeen);
    }
    if (!isSeen) return i + 1;
  }
  return 0;
}
