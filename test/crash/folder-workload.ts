import { zstdCompression } from '#host/compression';
import { listTexts } from '#lib/imap';
import type { Account } from '#mail/accounts';
import { cachedFieldCode, HeaderCache, headerCacheLimits, RowMemory } from '#mail/header-cache';
import { Mailboxes } from '#mail/mailboxes';
import { Messages } from '#mail/messages';
import type { FakeClock } from '#testing/fake-clock';
import { FakeLoop } from '#testing/fake-loop';
import { becoming, type Ledger, type Place, type Tracked } from './ledger.ts';
import { receive, toAppend, type Letter } from './messages.ts';
import type { Store } from './store.ts';

/** Dependencies of `FolderWorkload`. */
export interface FolderWorkloadDeps {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly clock: FakeClock;
  readonly random: () => number;
  /** A message that no other is like. */
  readonly letter: () => Letter;
}

/** Blocks of a few messages, so that they are made, extended and dropped within a short workload. */
const blockLimits = {
  ...headerCacheLimits,
  blockMessages: 6,
  smallBlockMessages: 3,
  minStoredMessages: 2,
  readMessages: 2,
};

const subject = cachedFieldCode('subject') ?? missing();

/** Makes and removes mailboxes with messages in them, and accounts, and lists mailboxes by header fields. */
export class FolderWorkload {
  readonly #store: Store;
  readonly #ledger: Ledger;
  readonly #clock: FakeClock;
  readonly #random: () => number;
  readonly #letter: () => Letter;
  readonly #rowMemory: RowMemory;
  #count = 0;

  constructor({ store, ledger, clock, random, letter }: FolderWorkloadDeps) {
    this.#store = store;
    this.#ledger = ledger;
    this.#clock = clock;
    this.#random = random;
    this.#letter = letter;
    this.#rowMemory = new RowMemory(clock);
  }

  /** Makes a mailbox, puts messages into it, renames it sometimes, and removes it mostly. */
  async comeAndGo(account: Account): Promise<void> {
    const { mailboxes } = this.#ledger;
    // Their removal is in many steps, as that of thousands of messages is.
    const contents = new Messages({ account: account.id, db: account.db, ...this.#shared, batchMessages: 1 });
    const folders = new Mailboxes({ account: account.id, db: account.db, ...this.#shared, contents });
    let name = this.#newName(account.name);
    const key = (of: string): string => `${account.name}\n${of}`;
    await becoming(mailboxes, { [key(name)]: 'here' }, () => folders.create(name));
    const messages = await this.#fill(account, name);
    if (this.#random() < 0.5) {
      const [from, to] = [name, `Renamed/${name}`];
      const move = (places: readonly Place[]): Place[] => places.map((place) => ({ ...place, mailbox: to }));
      await this.#ledger.change(messages, move, async () => {
        await becoming(mailboxes, { [key(from)]: 'gone', [key(to)]: 'here' }, () => folders.rename(from, to));
        return (state) => state;
      });
      name = to;
    }
    if (this.#random() < 0.2) return;
    await this.#ledger.change(
      messages,
      () => [],
      async () => {
        await becoming(mailboxes, { [key(name)]: 'gone' }, () => folders.delete(name));
        return (state) => state;
      },
    );
  }

  /** Makes an account with a message, and removes it mostly. */
  async guest(): Promise<void> {
    const { accounts } = this.#store;
    const { guests } = this.#ledger;
    const name = this.#newName('guest').replaceAll(' ', '-').toLowerCase();
    await becoming(guests, { [name]: 'here' }, () => accounts.create(name));
    const account = await accounts.open(name);
    if (account === null) throw new Error(`account ${name} is gone`);
    const messages = await this.#fill(account, 'INBOX');
    if (this.#random() < 0.2) return;
    await this.#ledger.change(
      messages,
      () => [],
      async () => {
        await becoming(guests, { [name]: 'gone' }, () => accounts.remove(name));
        return (state) => state;
      },
    );
  }

  /** Lists a mailbox by header fields, which makes blocks of them and stores those. */
  async readHeaders(account: Account, name: string): Promise<void> {
    const mailbox = await account.mailboxes.byName(name);
    if (mailbox === null) throw new Error(`${name} is gone`);
    using lease = await account.images.open(mailbox.id);
    if (lease === null) throw new Error(`${name} has no image`);
    const { id, db, reader, loop } = account;
    const cached = { compression: zstdCompression, listTexts, memory: this.#rowMemory };
    const deps = { account: id, db, source: reader, loop, ...cached };
    const cache = new HeaderCache(deps, blockLimits);
    const uids = Uint32Array.from(lease.image.uids);
    const wanted = { facts: true, order: true, fields: [subject], isComplete: true };
    for await (const block of cache.blocks(mailbox.id, uids, uids, wanted)) void block;
  }

  /** Puts one to three messages into a mailbox that has none. */
  async #fill(account: Account, mailbox: string): Promise<Tracked[]> {
    const letters = Array.from({ length: 1 + Math.floor(this.#random() * 3) }, () => this.#letter());
    const messages = letters.map(({ hash }) => this.#ledger.expect(account.name, hash));
    const received = await Promise.all(letters.map((letter) => receive(this.#store.blobs, letter)));
    const more = { flags: 0, keywords: [], receivedMs: this.#clock.now() };
    const place = { mailbox, uid: null, flags: 0, keywords: '' };
    await this.#ledger.change(
      messages,
      () => [place],
      async () => {
        const placed = await Promise.all(
          received.map(({ body }, i) => toAppend(this.#store.blobs, letters[i] ?? missing(), body, account.id, more)),
        );
        const { uids } = await account.messages.append({ name: mailbox }, placed);
        return (_state, i) => [{ ...place, uid: uids[i] ?? missing() }];
      },
    );
    for (const { writer } of received) await writer[Symbol.asyncDispose]();
    return messages;
  }

  get #shared(): { readonly bus: Store['bus']; readonly clock: FakeClock; readonly loop: FakeLoop } {
    return { bus: this.#store.bus, clock: this.#clock, loop: new FakeLoop() };
  }

  #newName(kind: string): string {
    this.#count += 1;
    return `${kind} ${this.#count} ${Math.floor(this.#random() * 1e9)}`;
  }
}

function missing(): never {
  throw new Error('the workload lost track');
}
