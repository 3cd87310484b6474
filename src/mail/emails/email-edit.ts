import { keywordKey } from '#lib/flags';
import type { MailboxId } from '#lib/ids';
import type { FlagChange, PlaceChange } from '#mail/messages';
import { keywordsOf, systemKeywords, type Email, type EmailPlace } from './email.ts';

/** Change of one email: what it is to be. */
export type EmailEdit =
  | { readonly kind: 'destroy'; readonly email: Email }
  | {
      readonly kind: 'update';
      readonly email: Email;
      /** All keywords, as `keywordsOf` names them. */
      readonly keywords: ReadonlySet<string>;
      /** All mailboxes, at least one. */
      readonly mailboxes: ReadonlySet<MailboxId>;
    };

/**
 * Returns the changes of messages that make these edits, in an order in which no change moves what a later one needs. Equal changes of many emails become
 * one. Places keep flags in which they differ and that are not edited. An email that goes from one mailbox to another is moved, as IMAP does it.
 */
export function changesFor(edits: readonly EmailEdit[]): PlaceChange[] {
  const steps = new Steps();
  for (const edit of edits) {
    if (edit.kind === 'update') {
      storeSteps(steps, edit.email, edit.keywords);
      placeSteps(steps, edit.email, edit.mailboxes);
      continue;
    }
    // Its hidden places as well: it would come back with them.
    for (const place of [...edit.email.places, ...edit.email.deletedPlaces]) steps.remove(place);
  }
  return steps.changes();
}

/** Gives new keywords to all places, and takes the others away. */
function storeSteps(steps: Steps, email: Email, wanted: ReadonlySet<string>): void {
  const has = keywordsOf(email);
  const added = [...wanted].filter((keyword) => !has.has(keyword));
  const removed = [...has].filter((keyword) => !wanted.has(keyword));
  for (const place of email.places) {
    if (added.length > 0) steps.store(place, { mode: 'add', ...flagsOf(added, 'add') });
    if (removed.length > 0) steps.store(place, { mode: 'remove', ...flagsOf(removed, 'remove') });
  }
}

/** Returns IMAP's flags for keywords. A client of IMAP may have set `$seen` as a keyword beside \Seen: to be taken away, it is both. */
export function flagsOf(keywords: readonly string[], mode: 'add' | 'remove'): Pick<FlagChange, 'bits' | 'keywords'> {
  const bitOf = new Map(systemKeywords.map(([bit, keyword]) => [keyword, bit]));
  return {
    bits: keywords.reduce((bits, keyword) => bits | (bitOf.get(keyword) ?? 0), 0),
    keywords: keywords.filter((keyword) => mode === 'remove' || !bitOf.has(keyword)).toSorted(),
  };
}

function placeSteps(steps: Steps, { places }: Email, wanted: ReadonlySet<MailboxId>): void {
  const has = new Set(places.map(({ mailbox }) => mailbox));
  const added = [...wanted].filter((mailbox) => !has.has(mailbox));
  const leaving = places.filter(({ mailbox }) => !wanted.has(mailbox));
  const [source] = places;
  for (const [i, mailbox] of added.entries()) {
    const moved = leaving[i];
    if (moved !== undefined) steps.transfer('move', moved, mailbox);
    else if (source !== undefined) steps.transfer('copy', source, mailbox);
  }
  for (const place of leaving.slice(added.length)) steps.remove(place);
}

/** Keywords go before others come, so that a message never has more than it may. */
const order = ['unflag', 'flag', 'copy', 'move', 'remove'] as const;

function nameOf(change: PlaceChange): (typeof order)[number] {
  if (change.kind !== 'store') return change.kind;
  return change.change.mode === 'remove' ? 'unflag' : 'flag';
}

/** Collects changes; those that differ in their messages only are one. */
class Steps {
  readonly #steps = new Map<string, { readonly change: PlaceChange; readonly uids: Set<number> }>();

  store({ mailbox, uid }: EmailPlace, change: FlagChange): void {
    const key = `${mailbox} ${change.mode} ${change.bits} ${change.keywords.map(keywordKey).join(' ')}`;
    this.#add(key, uid, { kind: 'store', mailbox, uids: [], change });
  }

  transfer(kind: 'copy' | 'move', { mailbox: from, uid }: EmailPlace, to: MailboxId): void {
    this.#add(`${kind} ${from} ${to}`, uid, { kind, from, uids: [], to });
  }

  remove({ mailbox, uid }: EmailPlace): void {
    this.#add(`remove ${mailbox}`, uid, { kind: 'remove', mailbox, uids: [] });
  }

  changes(): PlaceChange[] {
    const all = [...this.#steps.values()].map(({ change, uids }) => ({
      ...change,
      uids: [...uids].sort((a, b) => a - b),
    }));
    return order.flatMap((name) => all.filter((change) => nameOf(change) === name));
  }

  #add(key: string, uid: number, change: PlaceChange): void {
    const step = this.#steps.get(key) ?? { change, uids: new Set() };
    this.#steps.set(key, step);
    step.uids.add(uid);
  }
}
