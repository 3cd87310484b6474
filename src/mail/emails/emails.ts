import type { AccountId, MailboxId, ModSeq } from '#lib/ids';
import { currentModSeq } from '#mail/changes';
import { leavingMailboxes } from '#mail/mailboxes';
import { Mutex } from '#lib/mutex';
import type { Clock } from '#ports/clock';
import type { Database } from '#ports/database';
import type { EventLoop } from '#ports/event-loop';
import {
  changesOf,
  threadChangesOf,
  touchedSince,
  type EmailChanges,
  type ObjectChanges,
  type QueryChanges,
} from './email-changes.ts';
import {
  allRows,
  changedRows,
  emailsByMessageId,
  isDeleted,
  newestEmail,
  threadsOfGone,
  type EmailRows,
  type FoundPlace,
} from './email-rows.ts';
import { EmailIndex } from './email-index.ts';
import { EmailView } from './email-view.ts';
import type { Email, EmailPlace } from './email.ts';

/** Dependencies of `Emails`. */
export interface EmailsDeps {
  readonly account: AccountId;
  readonly db: Database;
  readonly clock: Clock;
  readonly loop: EventLoop;
}

/** Time in ms for which emails are kept in memory after their last use. */
const keepMs = 5 * 60_000;
/** Emails that are taken in between two questions to the loop. */
const pieceEmails = 256;

/** The emails of one account. What it shows is durable. */
export class Emails implements Disposable {
  readonly #deps: EmailsDeps;
  readonly #mutex = new Mutex();
  #index: EmailIndex | null = null;
  #view: EmailView | null = null;
  /** MODSEQ at which the index was read. */
  #firstModSeq = 0 as ModSeq;
  #idle: Disposable | null = null;

  constructor(deps: EmailsDeps) {
    this.#deps = deps;
  }

  /** Returns the emails as they are now, or later. */
  view(): Promise<EmailView> {
    return this.#mutex.run(() => this.#refresh());
  }

  /** Returns the MODSEQ of the account, and the id of the newest email: it moves with deliveries only. Reads two rows, and keeps nothing in memory. */
  async progress(): Promise<{ readonly modSeq: ModSeq; readonly newest: number }> {
    const { account, db } = this.#deps;
    const [modSeq, newest] = await db.read(async (reader) => [
      await currentModSeq(reader, account),
      await newestEmail(reader, account),
    ]);
    if (modSeq === null) throw new Error(`account ${account} has no state`);
    await db.durable();
    return { modSeq, newest };
  }

  /** Returns the emails with given Message-IDs (without angle brackets; at most 512), by them. Those that are not visible are left out. */
  async byMessageId(messageIds: readonly string[]): Promise<ReadonlyMap<string, readonly number[]>> {
    const { account, db } = this.#deps;
    if (messageIds.length === 0) return new Map();
    const view = await this.view();
    const rows = await db.read((reader) => emailsByMessageId(reader, account, messageIds));
    const visible = rows.filter(({ id }) => view.email(id) !== null);
    return new Map(
      [...Map.groupBy(visible, ({ messageId }) => messageId)].map(([name, found]) => [name, found.map(({ id }) => id)]),
    );
  }

  /**
   * Returns the emails that changed after a MODSEQ, about `limit` of them: always whole transactions.
   * @param known  MODSEQ from which the client went on to `modSeq` page by page.
   */
  async changesSince(modSeq: ModSeq, limit: number, known: ModSeq = modSeq): Promise<EmailChanges> {
    const { account, db } = this.#deps;
    const touched = await db.read((reader) => touchedSince(reader, account, modSeq, limit, known));
    return changesOf(touched, known, await this.view());
  }

  /** As `changesSince`, for threads: null when it is not known to which threads the emails belonged that are gone. */
  async threadChangesSince(modSeq: ModSeq, limit: number, known: ModSeq = modSeq): Promise<ObjectChanges | null> {
    const { account, db } = this.#deps;
    const touched = await db.read((reader) => touchedSince(reader, account, modSeq, limit, known));
    const view = await this.view();
    const changes = changesOf(touched, known, view);
    const threads = await db.read((reader) => threadsOfGone(reader, account, changes.destroyed));
    return threadChangesOf(changes, touched.hadPlace, known, view, threads);
  }

  /** Returns everything that may have changed the results of a query since a MODSEQ; null when that is not known. */
  async queryChangesSince(modSeq: ModSeq): Promise<QueryChanges | null> {
    const { account, db } = this.#deps;
    const touched = await db.read(async (reader) => {
      // What goes with a mailbox is in the log only when it is gone.
      if ((await leavingMailboxes(reader, account)).length > 0) return null;
      return await touchedSince(reader, account, modSeq, Number.MAX_SAFE_INTEGER);
    });
    if (touched === null) return null;
    const view = await this.view();
    const { created, updated, destroyed } = changesOf(touched, modSeq, view);
    const threads = await this.threadsOf({ created, updated, destroyed });
    if (threads === null) return null;
    const reappeared = updated.filter((id) => view.mayHaveReappeared(id, modSeq));
    return { created, updated, destroyed, threads, reappeared: new Set(reappeared) };
  }

  /** Returns the threads of changed emails; null when one is not known, which the emails are that were destroyed before version 11 of the schema. */
  async threadsOf(changes: Pick<EmailChanges, 'created' | 'updated' | 'destroyed'>): Promise<Set<number> | null> {
    const { account, db } = this.#deps;
    const view = await this.view();
    const unseen: number[] = [];
    const threads = new Set<number>();
    for (const id of [...changes.created, ...changes.updated, ...changes.destroyed]) {
      const thread = view.email(id)?.thread;
      if (thread === undefined) unseen.push(id);
      else threads.add(thread);
    }
    const gone = await db.read((reader) => threadsOfGone(reader, account, unseen));
    for (const thread of gone.values()) threads.add(thread);
    return gone.size < unseen.length ? null : threads;
  }

  /** Drops what is in memory. */
  [Symbol.dispose](): void {
    this.#idle?.[Symbol.dispose]();
    this.#idle = null;
    this.#index = null;
    this.#view = null;
  }

  async #refresh(): Promise<EmailView> {
    const { account, db, clock } = this.#deps;
    const known = this.#index;
    const view = this.#view;
    const rows = await db.read(async (reader) => {
      if (known === null || view === null) return await allRows(reader, account);
      if ((await currentModSeq(reader, account)) === view.modSeq) return null;
      return await changedRows(reader, account, view.modSeq, (email) => known.get(email) !== undefined);
    });
    await db.durable();
    this.#idle?.[Symbol.dispose]();
    this.#idle = clock.timer(keepMs, () => this[Symbol.dispose]());
    if (rows === null && view !== null) return view;
    if (rows === null) throw new Error('nothing is known of the emails, and nothing was read');
    const index = known ?? new EmailIndex();
    // What is half done is read anew.
    this.#index = null;
    await this.#apply(index, rows);
    if (known === null) await index.settle(this.#deps.loop);
    this.#index = index;
    if (known === null) this.#firstModSeq = rows.modSeq;
    this.#view = new EmailView(rows.modSeq, index, this.#firstModSeq);
    return this.#view;
  }

  async #apply(index: EmailIndex, { modSeq, places, removed, goneMailboxes, facts }: EmailRows): Promise<void> {
    const { loop } = this.#deps;
    // An email that is moved loses its place and gets another: it is put back once, with all its changes.
    const changed = new Map<number, Email>();
    if (goneMailboxes.length > 0) {
      const gone = new Set(goneMailboxes);
      for (const email of index.values()) {
        const kept = keep(email, ({ mailbox }) => !gone.has(mailbox));
        if (kept !== email) changed.set(email.id, kept);
      }
    }
    const latest = (id: number): Email | undefined => changed.get(id) ?? index.get(id);
    for (const { email, mailbox, uid } of removed) {
      const known = latest(email);
      if (known !== undefined)
        changed.set(
          email,
          keep(known, (place) => place.mailbox !== mailbox || place.uid !== uid),
        );
    }
    let count = 0;
    const mayPause = async (): Promise<void> => {
      count += 1;
      if (count % pieceEmails === 0) await loop.pause();
    };
    for (const place of places) {
      const known = latest(place.email);
      const fact = known ?? facts.get(place.email);
      if (fact === undefined) throw new Error(`email ${place.email} has a place and no row`);
      changed.set(place.email, withPlace(known, place, fact));
      await mayPause();
    }
    for (const email of changed.values()) {
      index.put(email, modSeq);
      await mayPause();
    }
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

/** Returns an email with those of its places that `isKept` names, maybe none; itself when it loses none. */
function keep(email: Email, isKept: (place: EmailPlace) => boolean): Email {
  if (email.places.every(isKept) && email.deletedPlaces.every(isKept)) return email;
  return { ...email, places: email.places.filter(isKept), deletedPlaces: email.deletedPlaces.filter(isKept) };
}
