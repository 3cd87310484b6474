import { roomOf, type Accounts } from '#mail/accounts';
import type { LocalRecipient } from '#mail/delivery';
import { ConditionError } from '#ports/conditions';
import { Refusal } from '#proto/smtp-server';
import type { RecipientCheck, AcceptedRecipient } from './recipient-check.ts';

/** True when mailboxes have room (RFC 3463 §3.3, status 4.2.2). Accounts without a quota cost nothing. */
export class Quotas {
  readonly #accounts: Accounts;
  readonly #recipientCheck: RecipientCheck;

  constructor(accounts: Accounts, recipientCheck: RecipientCheck) {
    this.#accounts = accounts;
    this.#recipientCheck = recipientCheck;
  }

  /**
   * Refuses a recipient whose accounts are all full, before the content comes; undefined when there is nothing to ask.
   * @param sizeBytes  As MAIL FROM announced it (RFC 1870 §6.3), 0 when it did not. @throws Refusal.
   */
  check({ accounts }: AcceptedRecipient, sizeBytes: number): Promise<void> | undefined {
    if (accounts.some((account) => this.#recipientCheck.quotaBytes(account) === 0)) return undefined;
    return this.#refuseFull(accounts, Math.max(1, sizeBytes));
  }

  /** The accounts that have no room for a message of this size. */
  async fullAmong(copies: readonly LocalRecipient[], sizeBytes: number): Promise<ReadonlySet<string>> {
    const full = new Set<string>();
    for (const { account, prefix } of copies) {
      if (this.#recipientCheck.quotaBytes(account) === 0) continue;
      if ((await this.#roomOf(account)) < prefix.length + sizeBytes) full.add(account);
    }
    return full;
  }

  async #refuseFull(accounts: readonly string[], sizeBytes: number): Promise<void> {
    for (const account of accounts) if ((await this.#roomOf(account)) >= sizeBytes) return;
    throw new Refusal(452, '4.2.2', 'the mailbox is full');
  }

  async #roomOf(name: string): Promise<number> {
    try {
      const account = await this.#accounts.open(name);
      return account === null ? Number.POSITIVE_INFINITY : await roomOf(account, this.#recipientCheck.quotaBytes(name));
    } catch (error) {
      // Trouble with one account must not refuse the others of an alias: its own delivery says what is wrong.
      if (error instanceof ConditionError) return Number.POSITIVE_INFINITY;
      throw error;
    }
  }
}
