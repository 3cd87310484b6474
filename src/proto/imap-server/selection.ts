import { keywordsByKey } from '#lib/flags';
import type { SequenceSet } from '#lib/imap';
import type { EventLoop } from '#ports/event-loop';
import { type PositionRange, positions } from './message-set.ts';
import type { Output } from './output.ts';
import { Bye } from './refusal.ts';
import type { MailboxImage, SelectedMailbox } from './selected-mailbox.ts';
import { View, positionOf } from './view.ts';

/** A selected mailbox with this client's view of it. */
export class Selection {
  readonly mailbox: SelectedMailbox;
  readonly isReadOnly: boolean;
  readonly view: View;
  /** UIDs of the last SEARCH RETURN (SAVE), for `$` (RFC 5182 §2.1). */
  saved: Uint32Array = new Uint32Array(0);
  #keywords: readonly string[];

  constructor(mailbox: SelectedMailbox, isReadOnly: boolean, loop: EventLoop) {
    this.mailbox = mailbox;
    this.isReadOnly = isReadOnly;
    this.view = new View(mailbox.image, loop);
    this.#keywords = mailbox.image.keywords;
  }

  /** Returns the positions that a set from the client selects. @throws Bad for message numbers that do not exist. */
  positions(set: SequenceSet, isUid: boolean): readonly PositionRange[] {
    return positions(set, isUid, this.view.uids, this.saved);
  }

  /**
   * Reports changes to the client: EXPUNGE only with `mayExpunge` (RFC 9051 §7.5.1), EXISTS (RFC 9051 §5.2: MUST) and flags always.
   * @throws Bye when the mailbox is gone.
   */
  async report(output: Output, mayExpunge: boolean): Promise<void> {
    const image = await this.mailbox.refresh();
    // RFC 2180 §3.3: a client whose selected mailbox was deleted is best disconnected.
    if (image === null) throw new Bye('the selected mailbox was deleted');
    await this.reportImage(output, image, mayExpunge);
  }

  /** Reports the changes up to `image`, as `report` does. RFC 9051 §7.5.1: each EXPUNGE renumbers the messages after it at once. */
  async reportImage(output: Output, image: MailboxImage, mayExpunge: boolean): Promise<void> {
    const update = await this.view.update(image, mayExpunge);
    for (const number of update.expunged) {
      output.text('* ');
      output.number(number);
      output.text(' EXPUNGE\r\n');
      if (output.isFull) await output.spill();
    }
    if (update.exists !== null) output.line(`* ${update.exists} EXISTS`);
    this.#reportKeywords(output, image);
    for (const at of update.flagsChanged) {
      this.writeFlags(output, at, true);
      if (output.isFull) await output.spill();
    }
  }

  /** Writes `* n FETCH (UID u FLAGS (…))` for one position of the view. Returns false, and writes nothing, when the message is gone. */
  writeFlags(output: Output, at: number, withUid: boolean): boolean {
    const { image } = this.mailbox;
    const uid = this.view.uids[at] ?? 0;
    const row = image.uids[at] === uid ? at : positionOf(image.uids, uid);
    if (row < 0) return false;
    output.text('* ');
    output.number(at + 1);
    output.text(' FETCH (');
    if (withUid) {
      output.text('UID ');
      output.number(uid);
      output.byte(32);
    }
    output.text('FLAGS (');
    output.text(image.flagTable.at(image.flagSets[row] ?? 0).text);
    output.text('))\r\n');
    return true;
  }

  /** Announces new keywords to the client with FLAGS (RFC 9051 §7.3.5). */
  #reportKeywords(output: Output, image: MailboxImage): void {
    if (image.keywords === this.#keywords) return;
    const known = new Set(this.#keywords);
    const hasNew = image.keywords.some((keyword) => !known.has(keyword));
    this.#keywords = image.keywords;
    if (hasNew) output.line(`* FLAGS (${flagsText(image)})`);
  }
}

/** Returns the flags in use or always possible, for FLAGS (RFC 9051 §7.3.5). */
export function flagsText(image: MailboxImage): string {
  // Spellings in use take precedence over the usual ones, so that the list agrees with FETCH.
  return [systemFlags, ...keywordsByKey([...image.keywords, ...commonKeywords]).values()].join(' ');
}

/** Returns the flags that clients can change permanently (RFC 9051 §7.1), with `\\*` while they may make new keywords; without, only keywords in use. */
export function permanentFlagsText(image: MailboxImage, takesKeywords: boolean): string {
  return takesKeywords ? `${flagsText(image)} \\*` : [systemFlags, ...image.keywords].join(' ');
}

/** System flags in the customary order. */
const systemFlags = '\\Answered \\Flagged \\Deleted \\Seen \\Draft';
// RFC 9051 §2.3.2: servers SHOULD support these keywords; clients use them only when they are announced.
const commonKeywords = ['$Forwarded', '$Junk', '$NotJunk', '$Phishing', '$MDNSent'];
