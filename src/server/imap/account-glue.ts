import { roomOf, type Account } from '#mail/accounts';
import type { ContentMemory } from '#mail/content';
import { accountTopic } from '#mail/changes';
import { specialUses, type Mailbox, type SpecialUse as StoredUse } from '#mail/mailboxes';
import type { Bus } from '#ports/bus';
import type { Clock } from '#ports/clock';
import {
  No,
  type AccountBackend,
  type AppendBatch,
  type MailboxEntry,
  type MailboxStatus,
  type SelectedMailbox,
  type SpecialUse,
} from '#proto/imap-server';
import { AppendGlue } from './append-glue.ts';
import { saying } from './refusals.ts';
import { SelectedGlue } from './selected-glue.ts';

/** Dependencies of an account's backend. */
export interface AccountGlueDeps {
  readonly account: Account;
  readonly bus: Bus;
  readonly clock: Clock;
  /** Memory that all messages on their way in share. */
  readonly contentMemory: ContentMemory;
  readonly appendLimitBytes: number;
  /** True for a login that may read only; false when omitted. */
  readonly isReadOnly?: boolean;
  /** 0 is unlimited. */
  readonly quotaBytes: number;
  /** Client that stores messages here, as `ReceptionFacts.validation` wants it. */
  readonly storedBy: string;
}

/** One account as a logged-in connection sees it. */
export class AccountGlue implements AccountBackend {
  readonly #deps: AccountGlueDeps;

  constructor(deps: AccountGlueDeps) {
    this.#deps = deps;
  }

  get name(): string {
    return this.#deps.account.name;
  }

  get isReadOnly(): boolean {
    return this.#deps.isReadOnly === true;
  }

  get appendLimitBytes(): number {
    return this.#deps.appendLimitBytes;
  }

  async mailboxes(): Promise<MailboxEntry[]> {
    const listings = await this.#deps.account.mailboxes.list();
    return listings.map(({ name, mailbox, subscribed }) => ({
      name,
      exists: mailbox !== null,
      selectable: mailbox !== null,
      subscribed,
      specialUse: mailbox?.specialUse ?? [],
    }));
  }

  async status(names: readonly string[]): Promise<(MailboxStatus | null)[]> {
    const mailboxes = await this.#deps.account.mailboxes.byNames(names);
    return mailboxes.map((mailbox) => (mailbox === null ? null : statusOf(mailbox)));
  }

  async create(name: string, specialUse: readonly SpecialUse[]): Promise<void> {
    const uses = specialUse.filter((use): use is StoredUse => specialUses.some((known) => known === use));
    if (uses.length < specialUse.length) throw new No('USEATTR', 'this special use cannot be given to a mailbox here');
    await saying(() => this.#deps.account.mailboxes.create(name, uses));
  }

  async delete(name: string): Promise<void> {
    await saying(() => this.#deps.account.mailboxes.delete(name));
  }

  async rename(from: string, to: string): Promise<void> {
    await saying(() => this.#deps.account.mailboxes.rename(from, to));
  }

  async subscribe(name: string, subscribed: boolean): Promise<void> {
    await saying(() => this.#deps.account.mailboxes.subscribe(name, subscribed));
  }

  async select(name: string, _readOnly: boolean): Promise<SelectedMailbox> {
    const { account, quotaBytes } = this.#deps;
    const mailbox = await account.mailboxes.byName(name);
    const takesKeywords = await account.messages.takesKeywords();
    const lease = mailbox === null ? null : await account.images.open(mailbox.id);
    if (mailbox === null || lease === null) throw new No('NONEXISTENT', 'no such mailbox');
    return new SelectedGlue({ account, mailbox: mailbox.id, lease, quotaBytes, takesKeywords });
  }

  async append(name: string): Promise<AppendBatch> {
    const { account, clock, contentMemory, quotaBytes, storedBy } = this.#deps;
    const mailbox = await account.mailboxes.byName(name);
    if (mailbox === null) throw new No('TRYCREATE', 'no such mailbox');
    const leftBytes = await roomOf(account, quotaBytes);
    return new AppendGlue({ account, mailbox: mailbox.id, clock, contentMemory, leftBytes, storedBy });
  }

  onChange(fn: () => void): Disposable {
    return this.#deps.bus.subscribe(accountTopic(this.#deps.account.id), fn);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Accounts are shared by sessions and stay open.
  }
}

function statusOf(mailbox: Mailbox): MailboxStatus {
  const { messages, uidNext, uidValidity, unseen, deleted, sizeBytes, deletedSizeBytes, highestModSeq } = mailbox;
  return { messages, uidNext, uidValidity, unseen, deleted, sizeBytes, deletedSizeBytes, highestModSeq };
}
