import { mailboxId, type AccountId } from '#lib/ids';
import {
  advance,
  Changes,
  currentModSeq,
  initializeState,
  MailboxImages,
  Outbox,
  takeUidValidity,
} from '#mail/changes';
import { addSubscription, initialMailboxes, insertMailbox, Mailboxes } from '#mail/mailboxes';
import { MessageReader, Messages } from '#mail/messages';
import type { BlobStore } from '#ports/blobs';
import type { Bus } from '#ports/bus';
import type { Clock } from '#ports/clock';
import type { Database, Tx } from '#ports/database';

/** What `Account` needs. */
export interface AccountDeps {
  readonly id: AccountId;
  readonly name: string;
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly bus: Bus;
  readonly clock: Clock;
}

/** One account with its services. */
export class Account implements Disposable {
  readonly id: AccountId;
  readonly name: string;
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly mailboxes: Mailboxes;
  readonly messages: Messages;
  readonly reader: MessageReader;
  readonly images: MailboxImages;
  readonly changes: Changes;
  readonly outbox: Outbox;

  /** Use `Accounts.open`, which sees to it that the account has its mailboxes. */
  constructor(deps: AccountDeps) {
    const { id: account, name, db, blobs, bus, clock } = deps;
    this.id = account;
    this.name = name;
    this.db = db;
    this.blobs = blobs;
    this.messages = new Messages({ account, db, bus, clock });
    this.mailboxes = new Mailboxes({ account, db, bus, contents: this.messages });
    this.reader = new MessageReader({ account, db, blobs });
    this.images = new MailboxImages({ account, db, clock });
    this.changes = new Changes({ account, db });
    this.outbox = new Outbox(account, db);
  }

  /** Drops what is kept in memory. */
  [Symbol.dispose](): void {
    this.images[Symbol.dispose]();
  }
}

/** Gives a new account its state and first mailboxes; does nothing to one that has them. */
export async function initializeAccount(db: Database, account: AccountId, nowMs: number): Promise<void> {
  if ((await db.read((reader) => currentModSeq(reader, account))) !== null) return;
  await db.write(async (tx) => {
    if (await initializeState(tx, account, nowMs)) await addInitialMailboxes(tx, account);
  });
}

async function addInitialMailboxes(tx: Tx, account: AccountId): Promise<void> {
  const { modSeq, firstId } = await advance(tx, account, initialMailboxes.length);
  for (const [i, { name, specialUse }] of initialMailboxes.entries()) {
    const uidValidity = await takeUidValidity(tx, account);
    await insertMailbox(tx, account, { id: mailboxId(firstId + i), name, specialUse, uidValidity, modSeq });
    await addSubscription(tx, account, name);
  }
}
