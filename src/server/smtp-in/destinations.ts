import { writeAddress, type Address } from '#lib/address';
import type { Config } from '#mail/config';
import type { Directory } from '#mail/directory';
import { Refusal, type Recipient } from '#proto/smtp-server';

/** Where one recipient's copies go. */
export interface Goal {
  /** As in RCPT TO. */
  readonly address: string;
  readonly accounts: readonly string[];
}

/** Recipients of incoming mail, by one snapshot of the configuration. */
export class Destinations {
  readonly #config: Config;
  readonly #directory: Directory;

  constructor(config: Config, directory: Directory) {
    this.#config = config;
    this.#directory = directory;
  }

  /** The accounts behind a recipient. @throws Refusal for those we do not serve. */
  find(recipient: Recipient, from: Address | null): Goal {
    const { postmaster, localserve } = this.#config.server;
    if (recipient === 'postmaster') return { address: 'postmaster', accounts: [postmaster] };
    const address = writeAddress(recipient, 'unicode');
    const destination = this.#directory.lookup(recipient);
    switch (destination.kind) {
      case 'account':
        return { address, accounts: [destination.account] };
      case 'alias':
        if (!destination.postPublic && !this.#isMember(destination.accounts, from)) {
          throw new Refusal(550, '5.7.2', 'only members may send to this address');
        }
        return { address, accounts: destination.accounts };
      case 'disabled':
        throw new Refusal(450, '4.2.1', 'the domain of this address is switched off at the moment');
      case 'unknown':
        if (localserve) return { address, accounts: [postmaster] };
        throw new Refusal(550, '5.1.1', 'no such user here');
      case 'remote':
        if (localserve) return { address, accounts: [postmaster] };
        throw new Refusal(550, '5.7.1', 'we do not accept mail for this domain');
    }
  }

  #isMember(accounts: readonly string[], from: Address | null): boolean {
    const sender = from === null ? null : this.#directory.lookup(from);
    return sender?.kind === 'account' && accounts.includes(sender.account);
  }
}
