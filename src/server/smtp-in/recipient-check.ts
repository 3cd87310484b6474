import { parseAddress, type Address } from '#lib/address';
import type { Config } from '#mail/config';
import type { AddressLookup, Directory } from '#mail/directory';
import { isFromId } from '#mail/feedback';
import type { AcceptedRecipient } from '#mail/inbound';
import { Refusal, type Recipient } from '#proto/smtp-server';

/** Decides which recipients of incoming mail are accepted, by one snapshot of the configuration. */
export class RecipientCheck {
  readonly #config: Config;
  readonly #directory: Directory;
  readonly #lookup: (recipient: Address) => AddressLookup;

  /** @param lookup  Finds the accounts behind a recipient; the directory does where it is left out. */
  constructor(config: Config, directory: Directory, lookup?: (recipient: Address) => AddressLookup) {
    this.#config = config;
    this.#directory = directory;
    this.#lookup = lookup ?? ((recipient) => directory.lookup(recipient));
  }

  /** Finds the accounts behind a recipient. @throws Refusal for those we do not serve. */
  find(recipient: Recipient, from: Address | null): AcceptedRecipient {
    if (recipient === 'postmaster') {
      return { address: recipient, accounts: [this.#config.server.postmaster], isAlias: false, fromId: null };
    }
    const fromId = this.#fromIdOf(recipient);
    const found = this.#lookup(recipient);
    switch (found.kind) {
      case 'account':
        return { address: recipient, accounts: [found.account], isAlias: false, fromId };
      case 'alias':
        if (!found.postPublic && !this.#isMember(found.accounts, from)) {
          throw new Refusal(550, '5.7.2', 'only members may send to this address');
        }
        if (found.accounts.length === 0) throw new Refusal(550, '5.1.1', 'nobody gets mail to this address');
        return { address: recipient, accounts: found.accounts, isAlias: true, fromId };
      case 'disabled':
        throw new Refusal(450, '4.2.1', 'the domain of this address is switched off at the moment');
      case 'unknown':
        throw new Refusal(550, '5.1.1', 'no such user here');
      case 'remote':
        throw new Refusal(550, '5.7.1', 'we do not accept mail for this domain');
    }
  }

  /** Returns an address that leads to this account alone; null when only a catch-all does. */
  ownAddress(account: string): Address | null {
    const { addresses = [] } = this.#config.domains.accounts[account] ?? {};
    const own = addresses.find((address) => !address.startsWith('@'));
    const parsed = own === undefined ? null : parseAddress(own);
    return parsed?.ok === true ? parsed.value : null;
  }

  #fromIdOf(recipient: Address): string | null {
    const detail = this.#directory.detailOf(recipient);
    return isFromId(detail) ? detail : null;
  }

  #isMember(accounts: readonly string[], from: Address | null): boolean {
    const sender = from === null ? null : this.#directory.lookup(from);
    return sender?.kind === 'account' && accounts.includes(sender.account);
  }
}
