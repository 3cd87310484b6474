import type { AccountId, MailboxId, ModSeq } from '#lib/ids';
import { currentModSeq } from '#mail/changes';
import { Mutex } from '#lib/mutex';
import type { Clock } from '#ports/clock';
import type { Database } from '#ports/database';
import type { EventLoop } from '#ports/event-loop';
import { changesOf, touchedSince, type EmailChanges } from './email-changes.ts';
import { allRows, changedRows, isDeleted, type EmailRows, type FoundPlace } from './email-rows.ts';
import { EmailView } from './email-view.ts';
import type { Email } from './email.ts';

/** Dependencies of `Emails`. */
export interface EmailsDeps {
  readonly account: AccountId;
  readonly db: Database;
  readonly clock: Clock;
  readonly loop: EventLoop;
}

/** Time in ms for which emails are kept in memory after their last use. */
const keepMs = 5 * 60_000;

/** The emails of one account. What it shows is durable. */
export class Emails implements Disposable {
  readonly #deps: EmailsDeps;
  readonly #mutex = new Mutex();
  #emails: Map<number, Email> | null = null;
  #view: EmailView | null = null;
  #idle: Disposable | null = null;

  constructor(deps: EmailsDeps) {
    this.#deps = deps;
  }

  /** Returns the emails as they are now, or later. */
  view(): Promise<EmailView> {
    return this.#mutex.run(() => this.#refresh());
  }

  /** Returns the emails that changed after a MODSEQ, about `limit` of them: always whole transactions. */
  async changesSince(modSeq: ModSeq, limit: number): Promise<EmailChanges> {
    const { account, db } = this.#deps;
    const touched = await db.read((reader) => touchedSince(reader, account, modSeq, limit));
    return changesOf(touched, modSeq, await this.view());
  }

  /** Drops what is in memory. */
  [Symbol.dispose](): void {
    this.#idle?.[Symbol.dispose]();
    this.#idle = null;
    this.#emails = null;
    this.#view = null;
  }

  async #refresh(): Promise<EmailView> {
    const { account, db, clock } = this.#deps;
    const known = this.#emails;
    const view = this.#view;
    const rows = await db.read(async (reader) => {
      if (known === null || view === null) return await allRows(reader, account);
      if ((await currentModSeq(reader, account)) === view.modSeq) return null;
      return await changedRows(reader, account, view.modSeq, (email) => known.has(email));
    });
    await db.durable();
    this.#idle?.[Symbol.dispose]();
    this.#idle = clock.timer(keepMs, () => this[Symbol.dispose]());
    if (rows === null && view !== null) return view;
    const emails = known ?? new Map<number, Email>();
    // What is half done is read anew.
    this.#emails = null;
    if (rows !== null) await this.#apply(emails, rows);
    this.#emails = emails;
    this.#view = new EmailView(rows?.modSeq ?? (1 as ModSeq), emails);
    return this.#view;
  }

  async #apply(emails: Map<number, Email>, { places, removed, goneMailboxes, facts }: EmailRows): Promise<void> {
    const { loop } = this.#deps;
    if (goneMailboxes.length > 0) dropMailboxes(emails, new Set(goneMailboxes));
    for (const { email, mailbox, uid } of removed) {
      const known = emails.get(email);
      if (known !== undefined) keep(emails, known, (place) => place.mailbox !== mailbox || place.uid !== uid);
    }
    let count = 0;
    for (const place of places) {
      const known = emails.get(place.email);
      const fact = known ?? facts.get(place.email);
      if (fact === undefined) throw new Error(`email ${place.email} has a place and no row`);
      emails.set(place.email, withPlace(known, place, fact));
      count += 1;
      if (count % 256 !== 0) continue;
      const pause = loop.pause();
      if (pause !== null) await pause;
    }
    // Not before: an email that was moved loses its place, and gets another.
    if (removed.length + goneMailboxes.length === 0) return;
    for (const [id, email] of emails) if (email.places.length + email.deletedPlaces.length === 0) emails.delete(id);
  }
}

function withPlace(
  known: Email | undefined,
  place: FoundPlace,
  { thread, receivedMs }: { readonly thread: number; readonly receivedMs: number },
): Email {
  const { email: id, sizeBytes } = place;
  const isOther = (one: { readonly mailbox: MailboxId; readonly uid: number }): boolean =>
    one.mailbox !== place.mailbox || one.uid !== place.uid;
  const places = known?.places.filter(isOther) ?? [];
  const deletedPlaces = known?.deletedPlaces.filter(isOther) ?? [];
  (isDeleted(place) ? deletedPlaces : places).push(place);
  return { id, thread, receivedMs, sizeBytes, places, deletedPlaces };
}

function dropMailboxes(emails: Map<number, Email>, gone: ReadonlySet<MailboxId>): void {
  for (const email of emails.values()) keep(emails, email, ({ mailbox }) => !gone.has(mailbox));
}

/** Keeps the places that `isKept` names, maybe none. */
function keep(emails: Map<number, Email>, email: Email, isKept: (place: Email['places'][number]) => boolean): void {
  const places = email.places.filter(isKept);
  const deletedPlaces = email.deletedPlaces.filter(isKept);
  emails.set(email.id, { ...email, places, deletedPlaces });
}
