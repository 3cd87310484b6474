import type { MessageIndex } from '#lib/mime';
import type { Accounts } from '#mail/accounts';
import { placeBody, type ReceivedBody } from '#mail/content';
import { describeMessage, encodeBinaryParts, type DescribedMessage, type ReceptionFacts } from '#mail/messages';
import type { BlobStore } from '#ports/blobs';
import type { Log } from '#ports/log';

/** Dependencies of `LocalDelivery`. */
export interface LocalDeliveryDeps {
  readonly accounts: Accounts;
  readonly blobs: BlobStore;
  readonly log: Log;
}

/** One account that gets the message. */
export interface LocalRecipient {
  readonly account: string;
  /** Address that led here, as in RCPT TO. */
  readonly address: string;
  /** Header fields to put before the message for this recipient, each ending with CRLF. */
  readonly prefix: Uint8Array;
}

/** A whole message with what is known about how it came. */
export interface ReceivedMessage {
  readonly body: ReceivedBody;
  readonly index: MessageIndex;
  readonly receivedMs: number;
  readonly reception: Omit<ReceptionFacts, 'rcptTo'>;
  /** A notice that is delivered again after a crash: when the account has its Message-ID, nothing is added. */
  readonly isNotice?: boolean;
}

/** Outcome of one recipient. `failed` is trouble of this server (disk, bug): worth another try. */
export type DeliveryResult =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'noAccount' }
  | { readonly kind: 'failed'; readonly error: unknown };

/** Puts messages into INBOXes. */
export class LocalDelivery {
  readonly #deps: LocalDeliveryDeps;

  constructor(deps: LocalDeliveryDeps) {
    this.#deps = deps;
  }

  /** Delivers to each recipient in a transaction of its own; durable for those that say `delivered`. Never rejects. */
  async deliver(message: ReceivedMessage, recipients: readonly LocalRecipient[]): Promise<DeliveryResult[]> {
    try {
      await using stored = await encodeBinaryParts(message, this.#deps.blobs);
      const described = describeMessage(stored.index);
      const { body } = stored;
      return await Promise.all(
        recipients.map((recipient) => this.#deliverOne({ ...message, body }, described, recipient)),
      );
    } catch (error) {
      this.#deps.log.error('delivery.failed', { recipients: recipients.length }, error);
      return recipients.map(() => ({ kind: 'failed', error }));
    }
  }

  async #deliverOne(
    message: ReceivedMessage,
    described: DescribedMessage,
    recipient: LocalRecipient,
  ): Promise<DeliveryResult> {
    const { accounts, blobs, log } = this.#deps;
    try {
      const account = await accounts.open(recipient.account);
      if (account === null) return { kind: 'noAccount' };
      if (
        message.isNotice === true &&
        described.messageId !== null &&
        (await account.messages.hasMessageId(described.messageId))
      ) {
        return { kind: 'delivered' };
      }
      const body = message.body.kind === 'inline' ? message.body : await placeBody(blobs, message.body, account.id);
      await account.messages.append({ name: 'INBOX' }, [
        {
          body,
          prefix: recipient.prefix,
          described,
          flags: 0,
          keywords: [],
          receivedMs: message.receivedMs,
          reception: { ...message.reception, rcptTo: recipient.address },
          preview: null,
        },
      ]);
      return { kind: 'delivered' };
    } catch (error) {
      log.error('delivery.failed', { account: recipient.account }, error);
      return { kind: 'failed', error };
    }
  }
}
