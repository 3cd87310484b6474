import { defaultLimits, parseDsn } from '#lib/dsn';
import type { AccountId } from '#lib/ids';
import type { Part } from '#lib/mime';
import type { Accounts } from '#mail/accounts';
import { receivedContent, type ReceivedBody } from '#mail/content';
import type { Feedback } from '#mail/feedback';
import type { BlobStore } from '#ports/blobs';
import type { Log } from '#ports/log';
import type { Transaction } from '#proto/smtp-server';
import type { Destinations } from './destinations.ts';

/** What looking at notices needs. */
export interface NoticesDeps {
  readonly feedback: Pick<Feedback, 'take'>;
  readonly accounts: Accounts;
  readonly blobs: BlobStore;
  readonly log: Log;
  readonly destinations: Destinations;
}

/** A message that is in mailboxes now. */
interface Arrived {
  readonly remoteIp: string;
  readonly transaction: Transaction;
  readonly body: ReceivedBody;
  readonly root: Part;
  /** Names of the accounts that have it. */
  readonly accounts: readonly string[];
}

/**
 * Gives notices about mail that we sent to #mail/feedback, when they are in the mailbox and before their sender hears 250: so a crash in between makes
 * the sender come again and the notice counts twice, which is harmless, where otherwise it could be lost. Trouble is logged and no reason to refuse
 * what is delivered: it would come again and again for nothing.
 */
export class Notices {
  readonly #deps: NoticesDeps;

  constructor(deps: NoticesDeps) {
    this.#deps = deps;
  }

  /** Looks at a message; null at once for ordinary mail. Never rejects. */
  look(arrived: Arrived): Promise<void> | null {
    const { destinations } = this.#deps;
    const { from, recipients } = arrived.transaction;
    const fromIds = recipients.map(({ address }) => destinations.fromIdOf(address)).filter((id) => id !== null);
    // RFC 3464 §2: notices have the null reverse-path. Not all servers know that, but to a From-ID nobody writes by chance.
    return from !== null && fromIds.length === 0 ? null : this.#take(arrived, fromIds);
  }

  async #take({ remoteIp, transaction, body, root, accounts }: Arrived, fromIds: readonly string[]): Promise<void> {
    const { feedback, blobs, log } = this.#deps;
    try {
      const bytes = await receivedContent(blobs, body).bytes(0, defaultLimits.maxScannedBytes);
      const dsn = parseDsn(bytes, { root });
      // An answer of a person, to the wrong address.
      if (dsn === null && transaction.from !== null) return;
      await feedback.take({ accounts: await this.#idsOf(accounts), fromIds, remoteIp, dsn });
    } catch (error) {
      log.error('smtp.noticeFailed', { accounts }, error);
    }
  }

  async #idsOf(names: readonly string[]): Promise<AccountId[]> {
    const ids: AccountId[] = [];
    for (const name of names) {
      const account = await this.#deps.accounts.open(name);
      if (account !== null) ids.push(account.id);
    }
    return ids;
  }
}
