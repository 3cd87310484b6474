import { writeAddress, type Address } from '#lib/address';
import type { Config } from '#mail/config';
import type { Directory } from '#mail/directory';
import { isFromId } from '#mail/feedback';
import { Refusal, type Recipient } from '#proto/smtp-server';

/** A recipient that was accepted, with the accounts behind it. */
export interface AcceptedRecipient {
  /** As in RCPT TO. */
  readonly address: string;
  /** At least one. */
  readonly accounts: readonly string[];
  /** Several people may be behind it. */
  readonly isAlias: boolean;
}

/** Decides which recipients of incoming mail are accepted, by one snapshot of the configuration. */
export class RecipientCheck {
  readonly #config: Config;
  readonly #directory: Directory;

  constructor(config: Config, directory: Directory) {
    this.#config = config;
    this.#directory = directory;
  }

  /** The accounts behind a recipient. @throws Refusal for those we do not serve. */
  find(recipient: Recipient, from: Address | null): AcceptedRecipient {
    const { postmaster, localserve } = this.#config.server;
    if (recipient === 'postmaster') return { address: 'postmaster', accounts: [postmaster], isAlias: false };
    const address = writeAddress(recipient, 'unicode');
    const destination = this.#directory.lookup(recipient);
    switch (destination.kind) {
      case 'account':
        return { address, accounts: [destination.account], isAlias: false };
      case 'alias':
        if (!destination.postPublic && !this.#isMember(destination.accounts, from)) {
          throw new Refusal(550, '5.7.2', 'only members may send to this address');
        }
        if (destination.accounts.length === 0) throw new Refusal(550, '5.1.1', 'nobody gets mail to this address');
        return { address, accounts: destination.accounts, isAlias: true };
      case 'disabled':
        throw new Refusal(450, '4.2.1', 'the domain of this address is switched off at the moment');
      case 'unknown':
        if (localserve) return { address, accounts: [postmaster], isAlias: false };
        throw new Refusal(550, '5.1.1', 'no such user here');
      case 'remote':
        if (localserve) return { address, accounts: [postmaster], isAlias: false };
        throw new Refusal(550, '5.7.1', 'we do not accept mail for this domain');
    }
  }

  /** The most that an account may store, in bytes; 0 is unlimited. */
  quotaBytes(account: string): number {
    return this.#config.domains.accounts[account]?.quota ?? 0;
  }

  /** Returns an address that leads to this account alone; null when only a catch-all does. */
  ownAddress(account: string): string | null {
    return this.#config.domains.accounts[account]?.addresses.find((address) => !address.startsWith('@')) ?? null;
  }

  /** The From-ID that a recipient may have; null for most. */
  fromIdOf(recipient: Recipient): string | null {
    const detail = recipient === 'postmaster' ? '' : this.#directory.detailOf(recipient);
    return isFromId(detail) ? detail : null;
  }

  #isMember(accounts: readonly string[], from: Address | null): boolean {
    const sender = from === null ? null : this.#directory.lookup(from);
    return sender?.kind === 'account' && accounts.includes(sender.account);
  }
}
