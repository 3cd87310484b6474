import { roomOf, type Accounts } from '#mail/accounts';
import type { Config } from '#mail/config';
import type { AcceptedRecipient } from '#mail/inbound';
import { ConditionError } from '#ports/conditions';
import { Refusal } from '#proto/smtp-server';

/** True when mailboxes have room (RFC 3463 §3.3, status 4.2.2). Accounts without a quota cost nothing. */
export class Quotas {
  readonly #accounts: Accounts;
  readonly #config: Config;

  constructor(accounts: Accounts, config: Config) {
    this.#accounts = accounts;
    this.#config = config;
  }

  /**
   * Refuses a recipient whose accounts are all full, before the content comes.
   * @param sizeBytes  As MAIL FROM announced it (RFC 1870 §6.3), 0 when it did not. @throws Refusal.
   */
  async check({ accounts }: AcceptedRecipient, sizeBytes: number): Promise<void> {
    if (accounts.some((account) => this.#bytes(account) === 0)) return;
    for (const account of accounts) if ((await this.#roomOf(account)) >= Math.max(1, sizeBytes)) return;
    throw new Refusal(452, '4.2.2', 'the mailbox is full');
  }

  /** Returns the accounts that have no room for a message of this size. */
  async fullAmong(accounts: readonly string[], sizeBytes: number): Promise<ReadonlySet<string>> {
    const full = new Set<string>();
    for (const account of accounts) {
      if (this.#bytes(account) !== 0 && (await this.#roomOf(account)) < sizeBytes) full.add(account);
    }
    return full;
  }

  /** Returns the most that an account may store, in bytes; 0 is unlimited. */
  #bytes(account: string): number {
    return this.#config.domains.accounts[account]?.quota ?? 0;
  }

  async #roomOf(name: string): Promise<number> {
    try {
      const account = await this.#accounts.open(name);
      return account === null ? Number.POSITIVE_INFINITY : await roomOf(account, this.#bytes(name));
    } catch (error) {
      // Trouble with one account must not refuse the others of an alias: its own delivery says what is wrong.
      if (error instanceof ConditionError) return Number.POSITIVE_INFINITY;
      throw error;
    }
  }
}
