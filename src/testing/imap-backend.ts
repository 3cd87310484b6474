import { SystemFlag, keywordKey, sortedKeywords } from '#lib/flags';
import { modSeq, type ModSeq } from '#lib/ids';
import type { CredentialStore, Identity } from '#lib/sasl';
import { intersection, type Filter, type PlaceCondition, type TextCondition } from '#lib/search';
import { Evaluator, PlaceSpace, TextMatcher } from '#mail/search';
import { ConditionError, type ConditionKind } from '#ports/conditions';
import {
  type AccountBackend,
  type AppendBatch,
  type AppendHead,
  type CopyResult,
  type FlagChange,
  type FailedLogin,
  type ImapBackend,
  type MailboxEntry,
  type MailboxImage,
  type MailboxStatus,
  type ReadableMessage,
  type MessageRow,
  type AppendSink,
  No,
  type RowReader,
  type SelectedMailbox,
  type SpecialUse,
  Unreadable,
} from '#proto/imap-server';
import { FakeLoop } from './fake-loop.ts';
import { damagedMessage, MemoryMailbox, type MemoryMessageFacts, memoryContent, memoryRow } from './imap-mailbox.ts';

interface Entry {
  mailbox: MemoryMailbox | null;
  isSubscribed: boolean;
  specialUse: readonly SpecialUse[];
}

/** One account in memory, for tests of IMAP sessions; every session of it sees the same mailboxes. */
export class MemoryImapBackend implements ImapBackend {
  readonly credentials: CredentialStore;
  /** Milliseconds since 1970 that count as now. */
  nowMs = Date.UTC(2026, 0, 1);
  /** Logins that failed, in order. */
  readonly failedLogins: FailedLogin[] = [];
  /** Fields of every ID command. */
  readonly clientIds: ReadonlyMap<string, string | null>[] = [];
  readonly entries = new Map<string, Entry>();
  /** False: mailboxes take no new keywords from then on. */
  takesKeywords = true;
  readonly #listeners = new Set<() => void>();
  readonly #spellings = new Map<string, string>();
  #change = 1;
  appendLimitBytes: number | null = null;
  /** Messages whose rows are too large to be read with others. */
  readonly largeUids = new Set<number>();
  /** UIDs of each read of rows. */
  readonly rowReads: Uint32Array[] = [];
  /** Bytes of each read of contents. */
  readonly contentReads: number[] = [];
  /** Makes the next read of contents fail, as a bug would. */
  failsNext = false;
  /** UIDs of messages, in any mailbox, whose bytes cannot be read. */
  readonly damaged = new Set<number>();
  /** UIDs of messages, in any mailbox, whose columns are missing. */
  readonly rowless = new Set<number>();
  /** A condition of the machine under which nothing can be opened, read or written; null for none. */
  condition: ConditionKind | null = null;

  constructor(credentials: CredentialStore) {
    this.credentials = credentials;
    this.entries.set('INBOX', { mailbox: new MemoryMailbox(), isSubscribed: true, specialUse: [] });
  }

  async admitLogin(): Promise<void> {
    // Any client may try.
  }

  noteFailedLogin(failed: FailedLogin): void {
    this.failedLogins.push(failed);
  }

  noteClientId(fields: ReadonlyMap<string, string | null>): void {
    this.clientIds.push(fields);
  }

  async open(_identity: Identity): Promise<AccountBackend> {
    return new MemoryAccount(this);
  }

  /** @throws ConditionError while there is a condition. */
  checkCondition(): void {
    if (this.condition !== null) throw new ConditionError(this.condition, '/secret/path');
  }

  /** The mailbox of that name. @throws No with `code` when there is none. */
  mailbox(name: string, code = 'NONEXISTENT'): MemoryMailbox {
    const found = this.entries.get(name)?.mailbox;
    if (found === null || found === undefined) throw new No(code, 'no such mailbox');
    return found;
  }

  /** Puts a message into a mailbox, as a delivery would. */
  deliver(name: string, text: string, facts: Partial<MemoryMessageFacts> = {}): void {
    const bytes = new TextEncoder().encode(text.replaceAll(/\r?\n/g, '\r\n'));
    const keywords = this.spelled(facts.keywords ?? []);
    const whole = { bits: 0, internalDateMs: this.nowMs, saveDateMs: this.nowMs, ...facts, keywords };
    this.mailbox(name).add(bytes, whole, this.nextChange());
    this.hint();
  }

  /** Keywords in the spelling given first, as the store has them. */
  spelled(keywords: readonly string[]): string[] {
    return keywords.map((keyword) => {
      const key = keywordKey(keyword);
      const known = this.#spellings.get(key) ?? keyword;
      this.#spellings.set(key, known);
      return known;
    });
  }

  /** The next MODSEQ. */
  nextChange(): number {
    return ++this.#change;
  }

  /** Wakes all sessions. */
  hint(): void {
    for (const listener of this.#listeners) listener();
  }

  /** As AccountBackend.onChange. */
  onChange(fn: () => void): Disposable {
    this.#listeners.add(fn);
    return { [Symbol.dispose]: () => this.#listeners.delete(fn) };
  }
}

class MemoryAccount implements AccountBackend {
  readonly name = 'mrc';
  readonly isReadOnly = false;
  readonly #world: MemoryImapBackend;

  constructor(world: MemoryImapBackend) {
    this.#world = world;
  }

  get appendLimitBytes(): number | null {
    return this.#world.appendLimitBytes;
  }

  async mailboxes(): Promise<readonly MailboxEntry[]> {
    const { entries } = this.#world;
    const names = [...entries.keys()].toSorted((a, b) => (a === 'INBOX' ? -1 : b === 'INBOX' ? 1 : a < b ? -1 : 1));
    return names.map((name) => {
      const entry = entries.get(name);
      return {
        name,
        exists: entry?.mailbox !== null,
        selectable: entry?.mailbox !== null,
        subscribed: entry?.isSubscribed === true,
        specialUse: entry?.specialUse ?? [],
      };
    });
  }

  async status(names: readonly string[]): Promise<readonly (MailboxStatus | null)[]> {
    return names.map((name) => this.#world.entries.get(name)?.mailbox?.status ?? null);
  }

  async create(name: string, specialUse: readonly SpecialUse[]): Promise<void> {
    this.#world.checkCondition();
    const { entries } = this.#world;
    const known = entries.get(name);
    if ((known?.mailbox ?? null) !== null) throw new No('ALREADYEXISTS', 'mailbox exists');
    for (let at = name.indexOf('/'); at > 0; at = name.indexOf('/', at + 1)) {
      const parent = name.slice(0, at);
      const entry = entries.get(parent);
      if ((entry?.mailbox ?? null) === null) {
        entries.set(parent, {
          mailbox: new MemoryMailbox(),
          isSubscribed: entry?.isSubscribed === true,
          specialUse: [],
        });
      }
    }
    entries.set(name, { mailbox: new MemoryMailbox(), isSubscribed: known?.isSubscribed === true, specialUse });
    this.#world.hint();
  }

  async delete(name: string): Promise<void> {
    const { entries } = this.#world;
    this.#world.mailbox(name);
    for (const [other, { mailbox }] of entries) {
      if (mailbox !== null && other.startsWith(`${name}/`)) throw new No('HASCHILDREN', 'has children');
    }
    this.#forget(name);
    this.#world.hint();
  }

  async rename(from: string, to: string): Promise<void> {
    const { entries } = this.#world;
    const mailbox = this.#world.mailbox(from);
    if ((entries.get(to)?.mailbox ?? null) !== null) throw new No('ALREADYEXISTS', 'mailbox exists');
    if (from === 'INBOX') {
      await this.create(to, []);
      const change = this.#world.nextChange();
      const target = this.#world.mailbox(to);
      for (const message of mailbox.messages) target.add(message.bytes, message, change);
      mailbox.remove(new Set(mailbox.messages.map(({ uid }) => uid)), change);
    } else {
      for (const [name, entry] of Array.from(entries)) {
        if (entry.mailbox === null || (name !== from && !name.startsWith(`${from}/`))) continue;
        this.#forget(name);
        const renamed = to + name.slice(from.length);
        entries.set(renamed, { ...entry, isSubscribed: entries.get(renamed)?.isSubscribed === true });
      }
    }
    this.#world.hint();
  }

  /** A subscription stays where its mailbox was. */
  #forget(name: string): void {
    const { entries } = this.#world;
    if (entries.get(name)?.isSubscribed === true)
      entries.set(name, { mailbox: null, isSubscribed: true, specialUse: [] });
    else entries.delete(name);
  }

  async subscribe(name: string, subscribed: boolean): Promise<void> {
    const { entries } = this.#world;
    const entry = entries.get(name);
    if (entry === undefined) {
      if (subscribed) entries.set(name, { mailbox: null, isSubscribed: true, specialUse: [] });
    } else if (!subscribed && entry.mailbox === null) entries.delete(name);
    else entry.isSubscribed = subscribed;
  }

  async select(name: string): Promise<SelectedMailbox> {
    this.#world.checkCondition();
    return new MemorySelected(this.#world, this.#world.mailbox(name));
  }

  async append(name: string): Promise<AppendBatch> {
    return new MemoryAppend(this.#world, this.#world.mailbox(name, 'TRYCREATE'));
  }

  onChange(fn: () => void): Disposable {
    return this.#world.onChange(fn);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is held.
  }
}

class MemoryAppend implements AppendBatch {
  readonly #world: MemoryImapBackend;
  readonly #mailbox: MemoryMailbox;
  readonly #messages: { readonly head: AppendHead; readonly chunks: Uint8Array[] }[] = [];

  constructor(world: MemoryImapBackend, mailbox: MemoryMailbox) {
    this.#world = world;
    this.#mailbox = mailbox;
  }

  async message(head: AppendHead): Promise<AppendSink> {
    const chunks: Uint8Array[] = [];
    return {
      write: async (chunk) => {
        this.#world.checkCondition();
        chunks.push(chunk.slice());
      },
      finish: async () => void this.#messages.push({ head, chunks }),
    };
  }

  async commit(): ReturnType<AppendBatch['commit']> {
    this.#world.checkCondition();
    const change = this.#world.nextChange();
    const { nowMs } = this.#world;
    const uids = this.#messages.map(({ head, chunks }) => {
      const bytes = new Uint8Array(chunks.flatMap((chunk) => [...chunk]));
      const { flagBits: bits } = head;
      const keywords = this.#world.spelled(head.keywords);
      return this.#mailbox.add(
        bytes,
        { bits, keywords, internalDateMs: head.internalDateMs ?? nowMs, saveDateMs: nowMs },
        change,
      );
    });
    this.#world.hint();
    return { uidValidity: this.#mailbox.uidValidity, uids };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#messages.length = 0;
  }
}

class MemorySelected implements SelectedMailbox {
  readonly #world: MemoryImapBackend;
  readonly #mailbox: MemoryMailbox;
  image: MailboxImage;
  readonly takesKeywords: boolean;

  constructor(world: MemoryImapBackend, mailbox: MemoryMailbox) {
    this.#world = world;
    this.#mailbox = mailbox;
    this.image = mailbox.image;
    this.takesKeywords = world.takesKeywords;
  }

  async refresh(): Promise<MailboxImage | null> {
    // By what it is: it may have been renamed.
    if (![...this.#world.entries.values()].some(({ mailbox }) => mailbox === this.#mailbox)) return null;
    this.image = this.#mailbox.image;
    return this.image;
  }

  async rows(uids: Uint32Array): Promise<readonly (MessageRow | 'large' | null)[]> {
    this.#world.rowReads.push(uids);
    return [...uids].map((uid) => {
      const message = this.#mailbox.find(uid);
      if (uids.length > 1 && this.#world.largeUids.has(uid)) return 'large';
      return message === undefined || this.#world.rowless.has(uid) ? null : memoryRow(message);
    });
  }

  async contents(uids: Uint32Array): Promise<readonly (ReadableMessage | null)[]> {
    this.#world.checkCondition();
    if (this.#world.failsNext) {
      this.#world.failsNext = false;
      throw new Error('a bug, as the test wants it');
    }
    return [...uids].map((uid) => {
      const message = this.#mailbox.find(uid);
      if (message === undefined) return null;
      if (this.#world.damaged.has(uid)) return damagedMessage(message);
      return memoryContent(message, this.#world.contentReads);
    });
  }

  rowReader(): RowReader {
    return { read: (uids) => this.rows(uids) };
  }

  fieldReader(): null {
    return null;
  }

  async search(
    filter: Filter<PlaceCondition>,
    uids: Uint32Array,
    _signal: AbortSignal,
    onUnreadable: (uid: number, error: Unreadable) => void,
  ): Promise<Uint32Array> {
    const { image } = this;
    const space = new PlaceSpace({
      loop: new FakeLoop(),
      image,
      // Everything is asked for as rows.
      numbers: async function* () {},
      rows: async (some) => (await this.rows(some)).map((row) => (row === 'large' ? null : row)),
      matchText: (some, conditions, onFailure) => this.#matchText(some, conditions, onFailure),
      isMessageDamage: (error) => error instanceof Unreadable,
    });
    const found = await new Evaluator(space).find(filter, intersection(uids, image.uids));
    for (const [uid, error] of space.unknown) if (error instanceof Unreadable) onUnreadable(uid, error);
    return found;
  }

  async #matchText(
    uids: Uint32Array,
    conditions: readonly TextCondition[],
    onFailure: (uid: number, error: unknown) => void,
  ): Promise<Uint32Array> {
    const matcher = new TextMatcher(conditions, new FakeLoop());
    const found: number[] = [];
    for (const uid of uids) {
      const message = this.#mailbox.find(uid);
      if (message === undefined) continue;
      if (this.#world.damaged.has(uid)) {
        onFailure(uid, new Unreadable('damaged, as the test wants it'));
        continue;
      }
      const { bytes, index } = message;
      const matches = await matcher.match({
        header: bytes.subarray(0, index.root.bodyStart),
        root: index.root,
        bytes: (start, end) => bytes.subarray(start, end),
      });
      if (matches.every(Boolean)) found.push(uid);
    }
    return Uint32Array.from(found);
  }

  async store(uids: Uint32Array, change: FlagChange): Promise<{ readonly modSeqs: readonly ModSeq[] }> {
    this.#world.checkCondition();
    let next: number | null = null;
    const named = this.#world.spelled(change.keywords);
    for (const uid of uids) {
      const message = this.#mailbox.find(uid);
      if (message === undefined) continue;
      const bits = changed(change, message.bits, change.bits);
      const keywords = changedKeywords(change.mode, named, message.keywords);
      if (bits === message.bits && keywords.join() === sortedKeywords(message.keywords).join()) continue;
      next ??= this.#world.nextChange();
      Object.assign(message, { bits, keywords, modSeq: next });
    }
    if (next === null) return { modSeqs: [] };
    this.#mailbox.changed(next);
    this.image = this.#mailbox.image;
    this.#world.hint();
    return { modSeqs: [modSeq(next)] };
  }

  async expunge(uids: Uint32Array | null): Promise<void> {
    const wanted = uids === null ? null : new Set(uids);
    const gone = this.#mailbox.messages.filter(
      ({ bits, uid }) => bits & SystemFlag.Deleted && (wanted === null || wanted.has(uid)),
    );
    this.#remove(gone.map(({ uid }) => uid));
  }

  async copy(uids: Uint32Array, to: string): Promise<CopyResult> {
    this.#world.checkCondition();
    const target = this.#world.mailbox(to, 'TRYCREATE');
    const messages = [...uids].flatMap((uid) => this.#mailbox.find(uid) ?? []);
    const change = this.#world.nextChange();
    const { nowMs } = this.#world;
    const copies = messages.map((message) => target.add(message.bytes, { ...message, saveDateMs: nowMs }, change));
    this.#world.hint();
    return { uidValidity: target.uidValidity, from: messages.map(({ uid }) => uid), to: copies };
  }

  async move(uids: Uint32Array, to: string): Promise<CopyResult> {
    const result = await this.copy(uids, to);
    this.#remove(result.from);
    return result;
  }

  async expungedSince(since: ModSeq): Promise<readonly number[]> {
    return this.#mailbox.expunged.filter((gone) => gone.modSeq > since).map(({ uid }) => uid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing is held.
  }

  #remove(uids: readonly number[]): void {
    if (uids.length > 0) this.#mailbox.remove(new Set(uids), this.#world.nextChange());
    this.image = this.#mailbox.image;
    this.#world.hint();
  }
}

function changed({ mode }: FlagChange, have: number, bits: number): number {
  return mode === 'add' ? have | bits : mode === 'remove' ? have & ~bits : bits;
}

function changedKeywords(mode: FlagChange['mode'], keywords: readonly string[], have: readonly string[]): string[] {
  const kept = mode === 'replace' ? [] : mode === 'remove' ? have.filter((word) => !keywords.includes(word)) : have;
  return sortedKeywords([...kept, ...(mode === 'remove' ? [] : keywords)]);
}
