import { defaultLimits, parseDsn } from '#lib/dsn';
import type { AccountId } from '#lib/ids';
import type { MessageIndex } from '#lib/mime';
import type { Accounts } from '#mail/accounts';
import { receivedMessageBytes } from '#mail/content';
import type { Feedback } from '#mail/feedback';
import type { ContentSinkDefinition, NoticeFacts, StoredContent } from '#mail/inbound';
import type { BlobStore } from '#ports/blobs';
import type { Log } from '#ports/log';
import type { InboundTransaction } from './inbound-transaction.ts';

/** Dependencies of looking at notices. */
export interface NoticesDeps {
  readonly feedback: Pick<Feedback, 'take'>;
  readonly accounts: Accounts;
  readonly blobs: BlobStore;
  readonly log: Log;
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

  /** Reads a message that may be a notice, once it is stored; ordinary mail passes it by. */
  readonly sink: ContentSinkDefinition<InboundTransaction, NoticeFacts | null> = {
    onFailure: 'goOn',
    begin: ({ from, recipients }) => {
      const fromIds = recipients.map(({ facts }) => facts.fromId).filter((id) => id !== null);
      // RFC 3464 §2: notices have the null reverse-path. Not all servers know that, but mail to a From-ID does not come by chance.
      if (from !== null && fromIds.length === 0) return null;
      return {
        write: () => null,
        finish: (stored) => this.#read(from !== null, fromIds, stored),
        abort: () => undefined,
      };
    },
  };

  /** Hands on what was read of a message that these accounts have now. Never rejects. */
  async take({ fromIds, dsn, messageId }: NoticeFacts, accounts: readonly string[], remoteIp: string): Promise<void> {
    const { feedback, log } = this.#deps;
    try {
      await feedback.take({ accounts: await this.#idsOf(accounts), fromIds, remoteIp, dsn, messageId });
    } catch (error) {
      log.error('smtp.noticeFailed', { accounts }, error);
    }
  }

  async #read(
    hasSender: boolean,
    fromIds: readonly string[],
    { body, index: { root, envelope } }: StoredContent,
  ): Promise<NoticeFacts | null> {
    const bytes = await receivedMessageBytes(this.#deps.blobs, body).bytes(0, defaultLimits.maxScannedBytes);
    const dsn = parseDsn(bytes, { root });
    // An answer of a person, to the wrong address.
    return dsn === null && hasSender ? null : { fromIds, dsn, messageId: envelope.messageId };
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

/** Returns the index of a notice, with the original that it reports about among its references: many reports name it in the returned header only. */
export function besideOriginal(index: MessageIndex, { dsn }: NoticeFacts): MessageIndex {
  const original = dsn?.originalMessageId ?? null;
  if (original === null || index.references.includes(original)) return index;
  return { ...index, references: [...index.references, original] };
}
