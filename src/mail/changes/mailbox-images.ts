import type { AccountId, MailboxId } from '#lib/ids';
import { selectChangedBlocks, selectFirstStates, selectStates } from '#mail/flag-blocks';
import type { Clock } from '#ports/clock';
import { allPages, pageRows } from '#mail/schema';
import { sql, type Database, type Reader } from '#ports/database';
import type { EventLoop } from '#ports/event-loop';
import { ImageBuilder, type ImageHead, type MailboxImage } from './mailbox-image.ts';

/** Dependencies of `MailboxImages`. */
export interface MailboxImagesDeps {
  readonly account: AccountId;
  readonly db: Database;
  readonly clock: Clock;
  readonly loop: EventLoop;
  /** Time in ms for which an image without sessions is kept; default 5 minutes. */
  readonly keepMs?: number;
}

/** One session's hold on a mailbox's image. */
export interface ImageLease extends Disposable {
  /** The latest image that a session asked for. */
  readonly image: MailboxImage;
  /** Brings the image up to date with everything durable; the same object when nothing changed, null when the mailbox is gone. */
  refresh(): Promise<MailboxImage | null>;
}

interface Entry {
  readonly builder: ImageBuilder;
  leases: number;
  /** The read of changes under way. */
  reading: Promise<MailboxImage | null> | null;
  /** The one that starts when it ends, for all who came meanwhile. */
  next: Promise<MailboxImage | null> | null;
  idle: Disposable | null;
}

/** Memory images of an account's mailboxes: loaded by one scan, shared, kept current from the log, dropped when unused for a while. */
export class MailboxImages implements Disposable {
  readonly #deps: MailboxImagesDeps;
  readonly #entries = new Map<MailboxId, Entry>();
  readonly #loading = new Map<MailboxId, Promise<Entry | null>>();

  constructor(deps: MailboxImagesDeps) {
    this.#deps = deps;
  }

  /** True when any session holds an image. */
  get isUsed(): boolean {
    return [...this.#entries.values()].some(({ leases }) => leases > 0);
  }

  /** The current image of a mailbox; null when there is no such mailbox. */
  async open(mailbox: MailboxId): Promise<ImageLease | null> {
    const entry = this.#entries.get(mailbox) ?? (await this.#load(mailbox));
    if (entry === null) return null;
    entry.leases += 1;
    entry.idle?.[Symbol.dispose]();
    entry.idle = null;
    const lease = new Lease(this, mailbox, entry);
    try {
      if ((await lease.refresh()) !== null) return lease;
    } catch (error) {
      lease[Symbol.dispose]();
      throw error;
    }
    lease[Symbol.dispose]();
    return null;
  }

  /** Drops all images. */
  [Symbol.dispose](): void {
    for (const entry of this.#entries.values()) entry.idle?.[Symbol.dispose]();
    this.#entries.clear();
  }

  /** @internal for leases. */
  refresh(mailbox: MailboxId, entry: Entry): Promise<MailboxImage | null> {
    if (entry.next !== null) return entry.next;
    if (entry.reading === null) return this.#read(mailbox, entry);
    // A read under way may have begun before the caller's change: only one that begins after it will do.
    entry.next = entry.reading
      .catch(() => null)
      .then(() => {
        entry.next = null;
        return this.#read(mailbox, entry);
      });
    return entry.next;
  }

  /** @internal for leases. */
  release(mailbox: MailboxId, entry: Entry): void {
    entry.leases -= 1;
    if (entry.leases > 0 || this.#entries.get(mailbox) !== entry) return;
    entry.idle = this.#deps.clock.timer(this.#deps.keepMs ?? 5 * 60_000, () => {
      if (entry.leases === 0 && this.#entries.get(mailbox) === entry) this.#entries.delete(mailbox);
    });
  }

  #load(mailbox: MailboxId): Promise<Entry | null> {
    const known = this.#loading.get(mailbox);
    if (known !== undefined) return known;
    const loading = this.#scan(mailbox).finally(() => this.#loading.delete(mailbox));
    this.#loading.set(mailbox, loading);
    return loading;
  }

  async #scan(mailbox: MailboxId): Promise<Entry | null> {
    const { account, db, loop } = this.#deps;
    const states = await db.read(async (reader) => {
      const head = await readHead(reader, account, mailbox);
      return head === null ? null : { head, ...(await selectStates(reader, account, mailbox)) };
    });
    await db.durable();
    if (states === null) return null;
    const builder = await ImageBuilder.from(states.head, states.blocks, states.rest, loop);
    const entry: Entry = { builder, leases: 0, reading: null, next: null, idle: null };
    this.#entries.set(mailbox, entry);
    return entry;
  }

  /** Starts a read; callers see to it that none is under way. */
  #read(mailbox: MailboxId, entry: Entry): Promise<MailboxImage | null> {
    const reading = this.#readChanges(mailbox, entry.builder).finally(() => {
      entry.reading = null;
    });
    entry.reading = reading;
    return reading;
  }

  async #readChanges(mailbox: MailboxId, builder: ImageBuilder): Promise<MailboxImage | null> {
    const { account, db } = this.#deps;
    const since = builder.image.highestModSeq;
    const changes = await db.read(async (reader) => {
      const head = await readHead(reader, account, mailbox);
      if (head === null || head.highestModSeq === since) return { head, blocks: [], rest: [], removed: [] };
      const blocks = await selectChangedBlocks(reader, account, mailbox, since);
      const fromUid = Math.max(builder.image.uidNext, (blocks.at(-1)?.lastUid ?? 0) + 1);
      const rest = await selectFirstStates(reader, account, mailbox, fromUid);
      const removed = await allPages(
        reader,
        (behind) => sql`SELECT uid, modseq FROM tombstone WHERE account = ${account} AND mailbox = ${mailbox}
          AND (modseq, uid) > (${behind?.[1] ?? since}, ${behind?.[0] ?? afterAllUids}) ORDER BY modseq, uid LIMIT ${pageRows}`,
      );
      return { head, blocks, rest, removed };
    });
    const { head, blocks, rest, removed } = changes;
    if (head?.highestModSeq === since) return builder.image;
    await db.durable();
    if (head === null) return null;
    return await builder.apply(
      head,
      blocks,
      rest,
      removed.map(([uid]) => Number(uid)),
    );
  }
}

const afterAllUids = 0x1_0000_0000;

async function readHead(reader: Reader, account: AccountId, mailbox: MailboxId): Promise<ImageHead | null> {
  const row = await reader.get<ImageHead>(
    sql`SELECT id AS mailbox, uidvalidity AS "uidValidity", uidnext AS "uidNext", message_modseq AS "highestModSeq"
      FROM mailbox WHERE account = ${account} AND id = ${mailbox} AND expunged = 0`,
  );
  return row ?? null;
}

class Lease implements ImageLease {
  readonly #images: MailboxImages;
  readonly #mailbox: MailboxId;
  readonly #entry: Entry;
  #isReleased = false;

  constructor(images: MailboxImages, mailbox: MailboxId, entry: Entry) {
    this.#images = images;
    this.#mailbox = mailbox;
    this.#entry = entry;
  }

  get image(): MailboxImage {
    return this.#entry.builder.image;
  }

  refresh(): Promise<MailboxImage | null> {
    return this.#images.refresh(this.#mailbox, this.#entry);
  }

  [Symbol.dispose](): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#images.release(this.#mailbox, this.#entry);
  }
}
