import { mailboxId, type AccountId } from '#lib/ids';
import type { Mutex } from '#lib/mutex';
import { advance, Changes, MailboxImages, takeUidValidity } from '#mail/changes';
import { Emails } from '#mail/emails';
import { Identities } from '#mail/identities';
import { HeaderCache, type ListTexts, type RowMemory } from '#mail/header-cache';
import { addSubscription, initialMailboxes, insertMailbox, Mailboxes } from '#mail/mailboxes';
import { MessageReader, Messages } from '#mail/messages';
import { AccountSearch } from '#mail/search';
import type { BlobStore } from '#ports/blobs';
import type { Bus } from '#ports/bus';
import type { Clock } from '#ports/clock';
import type { Compression } from '#ports/compression';
import type { Database, Tx } from '#ports/database';
import type { EventLoop } from '#ports/event-loop';
import type { Log } from '#ports/log';
import type { SearchIndex } from '#ports/search-index';

/** Dependencies of `Account`. */
export interface AccountDeps {
  readonly id: AccountId;
  readonly name: string;
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly compression: Compression;
  /** Texts that are kept for lists. */
  readonly listTexts: ListTexts;
  /** Rows of blocks of header fields that were read lately, of all accounts. */
  readonly rowMemory: RowMemory;
  readonly loop: EventLoop;
  readonly log: Log;
  /** Index of the words of its messages; null without one. */
  readonly searchIndex: SearchIndex | null;
  /** Accounts whose index is fed take turns. */
  readonly feedingTurns: Mutex;
  /** When an operator took the data over; null when it was made for the account. */
  readonly adoptedMs: number | null;
}

/** Error of every operation on an account after its removal. */
export class AccountRemoved extends Error {
  override readonly name = 'AccountRemoved';
}

/** One account with its services. */
export class Account implements Disposable {
  readonly #removing = new AbortController();
  readonly id: AccountId;
  readonly name: string;
  readonly adoptedMs: number | null;
  readonly db: Database;
  readonly blobs: BlobStore;
  /** For long work on this account's messages. */
  readonly loop: EventLoop;
  readonly mailboxes: Mailboxes;
  readonly messages: Messages;
  readonly reader: MessageReader;
  readonly headers: HeaderCache;
  readonly images: MailboxImages;
  readonly changes: Changes;
  readonly emails: Emails;
  readonly search: AccountSearch;
  readonly identities: Identities;

  /** Use `Accounts.open`, which sees to it that the data is the account's own. */
  constructor(deps: AccountDeps) {
    const { id: account, name, blobs, bus, clock, compression, loop, listTexts, rowMemory } = deps;
    const db = whileThere(deps.db, this.#removing.signal);
    this.id = account;
    this.name = name;
    this.adoptedMs = deps.adoptedMs;
    this.db = db;
    this.blobs = blobs;
    this.loop = loop;
    this.messages = new Messages({ account, db, bus, clock });
    this.mailboxes = new Mailboxes({ account, db, bus, contents: this.messages });
    this.reader = new MessageReader({ account, db, blobs });
    const cached = { compression, listTexts, memory: rowMemory };
    this.headers = new HeaderCache({ account, db, source: this.reader, loop, ...cached });
    this.images = new MailboxImages({ account, db, clock, loop });
    this.changes = new Changes({ account, db });
    this.emails = new Emails({ account, db, clock, loop });
    const { log, searchIndex: index, feedingTurns: turns } = deps;
    this.search = new AccountSearch({ account, db, blobs, bus, clock, loop, log, index, turns });
    this.identities = new Identities({ account, db, bus });
  }

  /** Aborted, with an AccountRemoved, when the account is removed. */
  get removed(): AbortSignal {
    return this.#removing.signal;
  }

  /** The account is being removed: tells those who hold it. */
  end(): void {
    this.#removing.abort(new AccountRemoved(`account ${this.name} was removed`));
    this[Symbol.dispose]();
  }

  /** For work that is moot when the account is gone. @throws `error` otherwise. */
  ignoreIfRemoved(error: unknown): void {
    if (!this.#removing.signal.aborted) throw error;
  }

  /** Drops what is kept in memory, and ends work in the background. */
  [Symbol.dispose](): void {
    this.images[Symbol.dispose]();
    this.emails[Symbol.dispose]();
    this.search[Symbol.dispose]();
    this.messages[Symbol.dispose]();
  }
}

/** A database that says what happened instead of that it is closed. */
function whileThere(db: Database, removed: AbortSignal): Database {
  const explain = (error: unknown): never => {
    throw removed.aborted ? removed.reason : error;
  };
  return {
    dialect: db.dialect,
    read: (body) => (removed.aborted ? Promise.reject(removed.reason) : db.read(body).catch(explain)),
    write: (body, space) => (removed.aborted ? Promise.reject(removed.reason) : db.write(body, space).catch(explain)),
    durable: () => db.durable(),
    [Symbol.asyncDispose]: () => db[Symbol.asyncDispose](),
  };
}

/** Adds the mailboxes that a new account begins with. */
export async function addInitialMailboxes(tx: Tx, account: AccountId): Promise<void> {
  const { modSeq, firstId } = await advance(tx, account, initialMailboxes.length);
  for (const [i, { name, specialUse }] of initialMailboxes.entries()) {
    const uidValidity = await takeUidValidity(tx, account);
    await insertMailbox(tx, account, { id: mailboxId(firstId + i), name, specialUse, uidValidity, modSeq });
    await addSubscription(tx, account, name);
  }
}
