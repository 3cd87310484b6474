import { MimeIndexer } from '#lib/mime';
import { writeAddress, type Address } from '#lib/address';
import type { AccountId } from '#lib/ids';
import type { Accounts } from '#mail/accounts';
import { bodyOfBytes } from '#mail/content';
import type { LocalDelivery } from '#mail/delivery';
import type { DsnSink } from '#mail/queue';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import type { Configuration } from '#server/configuration';
import type { DsnMailer } from './dsn-mailer.ts';

/** Dependencies of delivering notices to senders. */
export interface DsnDeliveryDeps {
  readonly accounts: Accounts;
  readonly delivery: LocalDelivery;
  /** For senders elsewhere. */
  readonly mailer: DsnMailer;
  readonly configuration: Configuration;
  readonly clock: Clock;
  readonly log: Log;
}

const noPrefix = new Uint8Array(0);

/**
 * Puts notices about submitted mail straight into the sender's INBOX. Those about mail of strangers leave by the queue; when no account is left to
 * read one here, as an account was removed, the postmaster does.
 */
export class DsnDelivery implements DsnSink {
  readonly #deps: DsnDeliveryDeps;

  constructor(deps: DsnDeliveryDeps) {
    this.#deps = deps;
  }

  async deliverDsn(dsn: Parameters<DsnSink['deliverDsn']>[0]): Promise<void> {
    const { id, account, to, bytes, requireTls = false, whenTold } = dsn;
    const submitter = await this.#submitter(account);
    const found = this.#deps.configuration.directory.lookup(to);
    if (submitter === null && found.kind === 'remote') {
      whenTold(await this.#deps.mailer.prepare({ id, to, bytes, requireTls }));
      return;
    }
    await this.#deliverHere(to, bytes, [submitter, found.kind === 'account' ? found.account : null]);
  }

  /** @param accounts  whose it is, the best first; the postmaster's when none of them takes it. */
  async #deliverHere(to: Address, bytes: Uint8Array, accounts: readonly (string | null)[]): Promise<void> {
    const { delivery, clock, configuration, log } = this.#deps;
    const indexer = new MimeIndexer();
    indexer.push(bytes);
    const notice = {
      body: bodyOfBytes(bytes),
      index: indexer.finish(),
      receivedMs: clock.now(),
      reception: { remoteIp: null, mailFrom: '', validation: null },
      isNotice: true,
    };
    const { postmaster } = configuration.config.server;
    const address = writeAddress(to, 'ascii');
    // The submitter's account may have been removed, even since it was looked up.
    for (const account of new Set([...accounts, postmaster])) {
      if (account === null) continue;
      const [result] = await delivery.deliver(notice, [{ account, address, prefix: noPrefix }]);
      if (result?.kind === 'delivered') return;
      if (result?.kind === 'failed') throw new Error('the notice could not be stored', { cause: result.error });
      log.warn('queue.noticeElsewhere', { account, to: address });
    }
    throw new Error('the notice has no mailbox to go to: the postmaster has no account');
  }

  async #submitter(id: AccountId | null): Promise<string | null> {
    if (id === null) return null;
    const accounts = await this.#deps.accounts.list();
    return accounts.find((account) => account.id === id)?.name ?? null;
  }
}
