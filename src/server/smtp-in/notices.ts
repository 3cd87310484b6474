import { defaultLimits, parseDsn, type ParsedDsn } from '#lib/dsn';
import type { AccountId } from '#lib/ids';
import type { MessageIndex, Part } from '#lib/mime';
import type { Accounts } from '#mail/accounts';
import { receivedMessageBytes, type ReceivedBody } from '#mail/content';
import type { Feedback } from '#mail/feedback';
import type { BlobStore } from '#ports/blobs';
import type { Log } from '#ports/log';
import type { Transaction } from '#proto/smtp-server';
import type { RecipientCheck } from './recipient-check.ts';

/** Dependencies of looking at notices. */
export interface NoticesDeps {
  readonly feedback: Pick<Feedback, 'take'>;
  readonly accounts: Accounts;
  readonly blobs: BlobStore;
  readonly log: Log;
  readonly recipientCheck: RecipientCheck;
}

/** Message that may be a notice. */
export interface ReadNotice {
  /** From-IDs in the addresses that it is for. */
  readonly fromIds: readonly string[];
  /** Null for no report that we can read. */
  readonly dsn: ParsedDsn | null;
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

  /** Reads a message that may be a notice; null at once for ordinary mail. Never rejects. */
  read({ from, recipients }: Transaction, body: ReceivedBody, root: Part): Promise<ReadNotice | null> | null {
    const { recipientCheck } = this.#deps;
    const fromIds = recipients.map(({ address }) => recipientCheck.fromIdOf(address)).filter((id) => id !== null);
    // RFC 3464 §2: notices have the null reverse-path. Not all servers know that, but mail to a From-ID does not come by chance.
    return from !== null && fromIds.length === 0 ? null : this.#read(from !== null, fromIds, body, root);
  }

  /** Hands on what was read of a message that these accounts have now. Never rejects. */
  async take({ fromIds, dsn }: ReadNotice, accounts: readonly string[], remoteIp: string): Promise<void> {
    const { feedback, log } = this.#deps;
    try {
      await feedback.take({ accounts: await this.#idsOf(accounts), fromIds, remoteIp, dsn });
    } catch (error) {
      log.error('smtp.noticeFailed', { accounts }, error);
    }
  }

  async #read(
    hasSender: boolean,
    fromIds: readonly string[],
    body: ReceivedBody,
    root: Part,
  ): Promise<ReadNotice | null> {
    const { blobs, log } = this.#deps;
    try {
      const bytes = await receivedMessageBytes(blobs, body).bytes(0, defaultLimits.maxScannedBytes);
      const dsn = parseDsn(bytes, { root });
      // An answer of a person, to the wrong address.
      return dsn === null && hasSender ? null : { fromIds, dsn };
    } catch (error) {
      log.error('smtp.noticeFailed', {}, error);
      return null;
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

/** The index of a message, with the original that it reports about among its references: many reports name it in the returned header only. */
export function besideOriginal(index: MessageIndex, notice: ReadNotice | null): MessageIndex {
  const original = notice?.dsn?.originalMessageId ?? null;
  if (original === null || index.references.includes(original)) return index;
  return { ...index, references: [...index.references, original] };
}
