import { setImmediate as turn } from 'node:timers/promises';
import { SystemFlag } from '#lib/flags';
import type { Account } from '#mail/accounts';
import type { ImageLease } from '#mail/changes';
import { ConditionError } from '#ports/conditions';
import { sql } from '#ports/database';
import type { FakeClock } from '#testing/fake-clock';
import { FolderWorkload } from './folder-workload.ts';
import { becoming, hashOf, type Ledger, type Place, type Tracked } from './ledger.ts';
import { indexOf, receive, toAppend, writeLetter, type Letter } from './messages.ts';
import type { Operation, Path } from './paths.ts';
import { QueueWorkload } from './queue-workload.ts';
import type { Store } from './store.ts';

const folders = ['INBOX', 'Archive', 'Trash'] as const;
const noReception = {
  remoteIp: '192.0.2.1',
  mailFrom: 'a@example.org',
  validation: null,
};

/** Dependencies of `Workload`. */
export interface WorkloadDeps {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly clock: FakeClock;
  readonly random: () => number;
  /** Told when an operation was acknowledged, and when a reader was shown something. */
  readonly onPromise: (label: string) => void;
  /** Which operations there are, and how often. */
  readonly path: Path;
  /** Number of workloads that the ledger has seen: names go on from theirs. */
  readonly session: number;
}

/** Does to a store what clients and peers do, several things at a time, and keeps the ledger. */
export class Workload {
  readonly #store: Store;
  readonly #ledger: Ledger;
  readonly #clock: FakeClock;
  readonly #random: () => number;
  readonly #onPromise: (label: string) => void;
  readonly #path: Path;
  readonly #queue: QueueWorkload;
  readonly #folders: FolderWorkload;
  readonly #accounts: Account[] = [];
  readonly #leases = new Map<string, { readonly lease: ImageLease; readonly uids: Set<number> }>();
  #letters: number;
  /** Operations that were to succeed and did not. */
  readonly failures: string[] = [];

  readonly #operations: Readonly<Record<Operation, (account: Account) => Promise<void>>> = {
    deliver: () => this.#deliver(),
    append: (account) => this.#append(account, false),
    compose: (account) => this.#append(account, true),
    look: (account) => this.#look(account),
    store: (account) => this.#store_(account),
    move: (account) => this.#move(account, 'move'),
    copy: (account) => this.#move(account, 'copy'),
    expunge: (account) => this.#expunge(account),
    enqueue: (account) => this.#queue.enqueue(account),
    operate: (account) => this.#queue.operate(account),
    lookAtQueue: () => this.#queue.look(),
    createMailbox: (account) => this.#createMailbox(account),
    folder: (account) => this.#folders.comeAndGo(account),
    guest: () => this.#folders.guest(),
    headers: (account) => this.#folders.readHeaders(account, this.#folder()),
    wait: () => this.#clock.advance(20 * 60_000),
    sweep: () => this.#sweep(),
    fillDisk: () => this.#fillDisk(),
  };

  constructor({ store, ledger, clock, random, onPromise, path, session }: WorkloadDeps) {
    this.#store = store;
    this.#ledger = ledger;
    this.#clock = clock;
    this.#random = random;
    this.#onPromise = onPromise;
    this.#path = path;
    this.#letters = session * 10_000;
    const letter = (): Letter => this.#letter();
    this.#queue = new QueueWorkload({ store, ledger, random, letter, session });
    this.#folders = new FolderWorkload({ store, ledger, clock, random, letter });
  }

  /** Makes accounts, then runs `operations` of them by `workers` at a time. */
  async run(operations: number, workers: number): Promise<void> {
    for (const name of ['mara', 'noor']) {
      const isThere = this.#ledger.accounts.includes(name);
      const account = isThere ? await this.#store.accounts.open(name) : await this.#store.accounts.create(name);
      this.#accounts.push(account ?? missing());
      if (isThere) {
        await this.#addMissingFolders(account ?? missing());
        continue;
      }
      this.#ledger.accounts.push(name);
      await nearEndOfBlock(account ?? missing());
    }
    const runner = await this.#store.startRunner(this.#queue.remote());
    let left = operations;
    const work = async (): Promise<void> => {
      while (left > 0) {
        left -= 1;
        for (let turns = Math.floor(this.#random() * 4); turns > 0; turns -= 1) await turn();
        await this.#step().catch((error: unknown) => this.#note(error));
        this.#onPromise('promise step');
      }
    };
    try {
      await Promise.all(Array.from({ length: workers }, work));
    } finally {
      for (const { lease } of this.#leases.values()) lease[Symbol.dispose]();
      await runner.stop();
      this.failures.push(...this.#queue.failures);
    }
  }

  /** The account of an old store has an INBOX only. */
  async #addMissingFolders({ mailboxes }: Account): Promise<void> {
    for (const name of folders) if ((await mailboxes.byName(name)) === null) await mailboxes.create(name);
  }

  /** A full disk is no failure where the path has one. */
  #note(error: unknown): void {
    const isFull = error instanceof ConditionError && error.kind === 'diskFull';
    if (isFull && this.#path.weights.fillDisk !== undefined) return;
    this.failures.push(error instanceof Error ? String(error.stack) : String(error));
  }

  async #step(): Promise<void> {
    const account = this.#accounts[this.#below(this.#accounts.length)];
    if (account !== undefined) await this.#operations[this.#choose()](account);
  }

  #choose(): Operation {
    const weights = Object.entries(this.#path.weights) as [Operation, number][];
    let left = this.#random() * weights.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [operation, weight] of weights) if ((left -= weight) < 0) return operation;
    return 'look';
  }

  /** The disk is full while some operations are tried, and then is not. */
  async #fillDisk(): Promise<void> {
    const { disk, databases } = this.#store;
    const databasesNow = [databases.server, ...this.#accounts.map(({ db }) => db)];
    if (disk.isFull) return;
    await disk.makeFull(databasesNow);
    try {
      for (let operations = 4; operations > 0; operations -= 1) {
        await this.#step().catch((error: unknown) => this.#note(error));
        await turn();
      }
    } finally {
      await disk.makeRoom(databasesNow);
    }
  }

  async #deliver(): Promise<void> {
    const { blobs, delivery } = this.#store;
    const letter = this.#letter();
    const to = this.#random() < 0.3 ? this.#accounts : this.#accounts.slice(0, 1);
    const received = await receive(blobs, letter);
    await using _writer = received.writer;
    const message = {
      body: received.body,
      index: indexOf(letter),
      receivedMs: this.#clock.now(),
      reception: noReception,
    };
    // Each recipient is a transaction of its own; the peer gets one reply for all.
    const prefixes = to.map(({ name }) => new TextEncoder().encode(`Delivered-To: ${name}@example.org\r\n`));
    const tracked = to.map(({ name }, i) =>
      this.#ledger.expect(name, hashOf(prefixes[i] ?? new Uint8Array(0), letter.bytes)),
    );
    const inbox = (): Place[] => [{ mailbox: 'INBOX', uid: null, flags: 0, keywords: '' }];
    const delivering = delivery.deliver(
      message,
      to.map(({ name }, i) => ({
        account: name,
        address: `${name}@example.org`,
        prefix: prefixes[i] ?? new Uint8Array(0),
      })),
    );
    await Promise.all(
      tracked.map((one, i) =>
        this.#ledger.change([one], inbox, async () => {
          const result = (await delivering)[i];
          if (result?.kind === 'failed') throw result.error;
          if (result?.kind !== 'delivered') throw new Error(`delivery: ${result?.kind}`);
          return (state) => state;
        }),
      ),
    );
  }

  /** Adds messages, as APPEND to one mailbox, or as Email/set of JMAP to several at once. */
  async #append(account: Account, isComposed: boolean): Promise<void> {
    const { blobs } = this.#store;
    const mailbox = this.#folder();
    const mailboxes = isComposed ? [...new Set(['INBOX', mailbox])] : [mailbox];
    const flags = this.#flags();
    const keywords = this.#random() < 0.4 ? ['$label1', 'zebra'] : [];
    const letters = Array.from({ length: 1 + this.#below(3) }, () => this.#letter());
    const received = await Promise.all(letters.map((letter) => receive(blobs, letter)));
    const more = { flags, keywords, receivedMs: this.#clock.now() };
    const messages = await Promise.all(
      letters.map((letter, i) => toAppend(blobs, letter, received[i]?.body ?? missing(), account.id, more)),
    );
    const place = { mailbox, uid: null, flags, keywords: keywords.join(' ') };
    await this.#ledger.change(
      letters.map(({ hash }) => this.#ledger.expect(account.name, hash)),
      () => mailboxes.map((name) => ({ ...place, mailbox: name })),
      async () => {
        if (isComposed) {
          const found = await account.mailboxes.byNames(mailboxes);
          const ids = found.map((one) => one?.id ?? missing());
          const additions = messages.map((message) => ({ message, mailboxes: ids }));
          await account.messages.together([], () => Promise.resolve(), additions);
          return (state) => state;
        }
        const { uids } = await account.messages.append({ name: mailbox }, messages);
        return (_state, i) => [{ ...place, uid: uids[i] ?? missing() }];
      },
    );
    for (const { writer } of received) await writer[Symbol.asyncDispose]();
  }

  /** Reads a mailbox as a session does: everything shown is a promise from now on. */
  async #look(account: Account): Promise<void> {
    const name = this.#folder();
    const mailbox = await account.mailboxes.byName(name);
    if (mailbox === null) throw new Error(`${name} is gone`);
    const key = `${account.name} ${name}`;
    let held = this.#leases.get(key);
    if (held === undefined) {
      const lease = await account.images.open(mailbox.id);
      if (lease === null) throw new Error(`${name} has no image`);
      held = this.#leases.get(key) ?? { lease, uids: new Set() };
      if (held.lease === lease) this.#leases.set(key, held);
      else lease[Symbol.dispose]();
    }
    const image = await held.lease.refresh();
    if (image === null) throw new Error(`${name} is gone`);
    const { uidValidity, uidNext, highestModSeq } = image;
    const head = this.#ledger.heads.get(key);
    if (head === undefined || head.highestModSeq <= highestModSeq)
      this.#ledger.heads.set(key, { account: account.name, mailbox: name, uidValidity, uidNext, highestModSeq });
    const uids = [...image.uids];
    this.#noticeChanges(account.name, name, uids, held.uids, (i) => {
      const flagSet = image.flagTable.at(image.flagSets[i] ?? 0);
      return { flags: flagSet.bits, keywords: flagSet.keywords.join(' ') };
    });
    held.uids.clear();
    for (const uid of uids) held.uids.add(uid);
    const fresh = uids.filter((uid) => !this.#ledger.seen.has(`${key} ${uid}`));
    for (const { uid, content } of await account.reader.contents(mailbox.id, fresh, 'all')) {
      const hash = hashOf(await content.bytes(0, content.sizeBytes));
      this.#ledger.seen.set(`${key} ${uid}`, { account: account.name, mailbox: name, uidValidity, uid, hash });
      this.#learnUid(this.#ledger.messages.get(`${account.name} ${hash}`), name, uid);
    }
    this.#onPromise('promise look');
  }

  /** Checks that changes of an operation under way are durable once a reader sees them. */
  #noticeChanges(
    account: string,
    mailbox: string,
    uids: readonly number[],
    before: ReadonlySet<number>,
    flagsAt: (i: number) => { readonly flags: number; readonly keywords: string },
  ): void {
    const at = new Map(uids.map((uid, i) => [uid, i]));
    for (const { account: owner, history, ...message } of this.#ledger.messages.values()) {
      const [old, now] = [history.at(-2), history.at(-1)];
      if (owner !== account || !message.isBusy || old === undefined || now === undefined) continue;
      for (const was of old) {
        if (was.mailbox !== mailbox || was.uid === null) continue;
        const position = at.get(was.uid);
        const is = now.find((place) => place.mailbox === mailbox && place.uid === was.uid);
        const isSeen =
          is === undefined
            ? position === undefined && before.has(was.uid)
            : position !== undefined && isChangeSeen(was, is, flagsAt(position));
        const tracked = isSeen ? this.#trackedBy(account, was) : undefined;
        if (tracked !== undefined) tracked.known = history.length - 1;
      }
    }
  }

  #trackedBy(account: string, place: Place): Tracked | undefined {
    const seen = this.#ledger.seen.get(`${account} ${place.mailbox} ${place.uid}`);
    return seen === undefined ? undefined : this.#ledger.messages.get(`${account} ${seen.hash}`);
  }

  #learnUid(tracked: Tracked | undefined, mailbox: string, uid: number): void {
    const last = tracked?.history.length ?? 0;
    const state = tracked?.history[last - 1];
    if (tracked === undefined || state === undefined) return;
    const at = state.findIndex((place) => place.mailbox === mailbox && place.uid === null);
    const place = state[at];
    if (place === undefined || state.some((other) => other.mailbox === mailbox && other.uid === uid)) return;
    tracked.history[last - 1] = state.with(at, { ...place, uid });
    tracked.known = last - 1;
  }

  async #store_(account: Account): Promise<void> {
    const mailbox = this.#folder();
    const messages = this.#idle(account.name, mailbox, 1 + this.#below(3));
    if (messages.length === 0) return;
    const id = await this.#mailboxId(account, mailbox);
    const bits = this.#flags();
    const mode = (['add', 'remove', 'replace'] as const)[this.#below(3)] ?? 'add';
    const keywords = this.#random() < 0.3 ? ['zebra'] : [];
    const next = (state: readonly Place[]): Place[] =>
      state.map((place) => (place.mailbox === mailbox ? { ...place, ...flagged(place, mode, bits, keywords) } : place));
    await this.#ledger.change(messages, next, async () => {
      await account.messages.store(id, uidsIn(messages, mailbox), { mode, bits, keywords });
      return (state) => state;
    });
  }

  async #move(account: Account, how: 'move' | 'copy'): Promise<void> {
    const [from, to] = [this.#folder(), this.#folder()];
    const messages = this.#idle(account.name, from, 1 + this.#below(3)).filter((message) => {
      const isThere = message.history.at(-1)?.some(({ mailbox }) => mailbox === to) === true;
      if (isThere) message.isBusy = false;
      return !isThere;
    });
    if (messages.length === 0) return;
    const id = await this.#mailboxId(account, from);
    const next = (state: readonly Place[]): Place[] => {
      const place = state.find(({ mailbox }) => mailbox === from) ?? missing();
      const kept = how === 'move' ? state.filter((other) => other !== place) : state;
      return [...kept, { ...place, mailbox: to, uid: null }];
    };
    const uids = uidsIn(messages, from);
    await this.#ledger.change(messages, next, async () => {
      // Some copies are made in steps, as long ones are.
      const inSteps = how === 'copy' && this.#random() < 0.5;
      const { messages: all } = account;
      const copied = await (inSteps ? all.copy(id, uids, { name: to }, 1) : all[how](id, uids, { name: to }));
      const toUid = new Map(copied.from.map((uid, i) => [uid, copied.to[i] ?? missing()]));
      const fromUids = messages.map((message) => fromUid(message, from));
      return (state, i) =>
        state.map((place) =>
          place.mailbox === to ? { ...place, uid: toUid.get(fromUids[i] ?? 0) ?? missing() } : place,
        );
    });
  }

  async #expunge(account: Account): Promise<void> {
    const mailbox = this.#folder();
    const messages = this.#idle(account.name, mailbox, 1 + this.#below(2));
    if (messages.length === 0) return;
    const id = await this.#mailboxId(account, mailbox);
    const uids = uidsIn(messages, mailbox);
    const deleted = { mode: 'add', bits: SystemFlag.Deleted, keywords: [] } as const;
    const flag = (state: readonly Place[]): Place[] =>
      state.map((place) => (place.mailbox === mailbox ? { ...place, flags: place.flags | SystemFlag.Deleted } : place));
    await this.#ledger.change(messages, flag, async () => {
      await account.messages.store(id, uids, deleted);
      return (state) => state;
    });
    const gone = (state: readonly Place[]): Place[] => state.filter((place) => place.mailbox !== mailbox);
    await this.#ledger.change(messages, gone, async () => {
      await account.messages.expunge(id, uids);
      return (state) => state;
    });
    if (this.#random() < 0.5) await account.messages.eraseExpunged();
  }

  async #createMailbox(account: Account): Promise<void> {
    this.#letters += 1;
    const name = `Folder ${this.#letters}`;
    await becoming(this.#ledger.mailboxes, { [`${account.name}\n${name}`]: 'here' }, () =>
      account.mailboxes.create(name),
    );
  }

  async #sweep(): Promise<void> {
    await this.#clock.advance(2 * 60 * 60_000);
    await this.#store.accounts.finishDeletions();
    await this.#store.accounts.sweepBlobs(this.#store.sweeper);
  }

  /** Messages that no operation works on, whose UIDs in the mailbox are known; they are taken. */
  #idle(account: string, mailbox: string, count: number): Tracked[] {
    const idle = [...this.#ledger.messages.values()].filter(
      (message) =>
        message.account === account &&
        !message.isBusy &&
        message.history.at(-1)?.every(({ uid }) => uid !== null) === true &&
        message.history.at(-1)?.some((place) => place.mailbox === mailbox) === true,
    );
    const taken: Tracked[] = [];
    while (taken.length < count && idle.length > 0) taken.push(...idle.splice(this.#below(idle.length), 1));
    for (const message of taken) message.isBusy = true;
    return taken;
  }

  async #mailboxId(
    account: Account,
    name: string,
  ): Promise<NonNullable<Awaited<ReturnType<typeof account.mailboxes.byName>>>['id']> {
    return ((await account.mailboxes.byName(name)) ?? missing()).id;
  }

  #letter(): Letter {
    this.#letters += 1;
    return writeLetter(this.#random, this.#letters, this.#path.largeShare);
  }

  #folder(): string {
    return this.#random() < 0.6 ? 'INBOX' : (folders[this.#below(folders.length)] ?? 'INBOX');
  }

  #flags(): number {
    return [0, SystemFlag.Seen, SystemFlag.Flagged, SystemFlag.Seen | SystemFlag.Answered][this.#below(4)] ?? 0;
  }

  #below(end: number): number {
    return Math.floor(this.#random() * end);
  }
}

/** Lets the first flag block of each mailbox be full after a few messages, so that the power goes around its packing. */
async function nearEndOfBlock({ id, db }: Account): Promise<void> {
  await db.write((tx) => tx.run(sql`UPDATE mailbox SET uidnext = 250 WHERE account = ${id}`));
}

function isChangeSeen(was: Place, is: Place, now: { readonly flags: number; readonly keywords: string }): boolean {
  const isAsBefore = now.flags === was.flags && now.keywords === was.keywords;
  return !isAsBefore && now.flags === is.flags && now.keywords === is.keywords;
}

function flagged(
  place: Place,
  mode: 'add' | 'remove' | 'replace',
  bits: number,
  keywords: readonly string[],
): Pick<Place, 'flags' | 'keywords'> {
  const has = place.keywords === '' ? [] : place.keywords.split(' ');
  if (mode === 'replace') return { flags: bits, keywords: keywords.join(' ') };
  if (mode === 'remove')
    return { flags: place.flags & ~bits, keywords: has.filter((word) => !keywords.includes(word)).join(' ') };
  return { flags: place.flags | bits, keywords: [...new Set([...has, ...keywords])].toSorted().join(' ') };
}

function fromUid({ history }: Tracked, mailbox: string): number {
  // The state before the one under way, which has it no longer.
  for (const state of history.toReversed()) {
    const uid = state.find((place) => place.mailbox === mailbox)?.uid;
    if (uid !== undefined && uid !== null) return uid;
  }
  return missing();
}

function uidsIn(messages: readonly Tracked[], mailbox: string): number[] {
  return messages.map((message) => fromUid(message, mailbox)).toSorted((a, b) => a - b);
}

function missing(): never {
  throw new Error('the workload lost track');
}
