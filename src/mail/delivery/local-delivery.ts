import type { MessageIndex } from '#lib/mime';
import type { Account, Accounts } from '#mail/accounts';
import { placeBody, type ReceivedBody } from '#mail/content';
import { MailboxRefusal } from '#mail/mailboxes';
import {
  describeMessage,
  encodeBinaryParts,
  inlinePreview,
  type NewMessage,
  type ReceptionFacts,
} from '#mail/messages';
import type { BlobStore } from '#ports/blobs';
import type { Log } from '#ports/log';

/** Dependencies of `LocalDelivery`. */
export interface LocalDeliveryDeps {
  readonly accounts: Accounts;
  readonly blobs: BlobStore;
  readonly log: Log;
}

/** Mailbox and flags that a message gets. */
export interface Placement {
  /** Name of the mailbox; it is created when the account has none of this name. */
  readonly mailbox: string;
  /** `SystemFlag` bits. */
  readonly flags: number;
  readonly keywords: readonly string[];
}

/** One account that gets the message. */
export interface LocalRecipient {
  readonly account: string;
  /** Address that led here, as in RCPT TO. */
  readonly address: string;
  /** Header fields to put before the message for this recipient, each ending with CRLF. */
  readonly prefix: Uint8Array;
  /** INBOX without flags when left out. */
  readonly placement?: Placement;
  /** In place of `ReceivedMessage.reception.validation`. */
  readonly validation?: string;
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

const inbox: Placement = { mailbox: 'INBOX', flags: 0, keywords: [] };

/** Puts messages into mailboxes. */
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
      const { body, index } = stored;
      const preview = await inlinePreview(index, body);
      return await Promise.all(
        recipients.map((recipient) => this.#deliverOne({ ...message, body }, { described, preview }, recipient)),
      );
    } catch (error) {
      this.#deps.log.error('delivery.failed', { recipients: recipients.length }, error);
      return recipients.map(() => ({ kind: 'failed', error }));
    }
  }

  async #deliverOne(
    message: ReceivedMessage,
    { described, preview }: Pick<NewMessage, 'described' | 'preview'>,
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
      const { address: rcptTo, prefix, placement = inbox, validation = message.reception.validation } = recipient;
      const { mailbox, flags, keywords } = placement;
      const stored: NewMessage = {
        body,
        prefix,
        described,
        flags,
        keywords,
        receivedMs: message.receivedMs,
        reception: { ...message.reception, rcptTo, validation },
        preview,
      };
      await this.#append(account, mailbox, stored);
      return { kind: 'delivered' };
    } catch (error) {
      log.error('delivery.failed', { account: recipient.account }, error);
      return { kind: 'failed', error };
    }
  }

  /** Appends to the mailbox of a name, which is created where it is missing. What has no place there comes into INBOX: it must not be lost for a name. */
  async #append(account: Account, mailbox: string, message: NewMessage): Promise<void> {
    try {
      await account.messages.append({ name: mailbox }, [message]);
    } catch (error) {
      if (!(error instanceof MailboxRefusal) || mailbox === inbox.mailbox) throw error;
      const isThere = await this.#create(account, mailbox);
      await account.messages.append({ name: isThere ? mailbox : inbox.mailbox }, [message]);
    }
  }

  async #create(account: Account, mailbox: string): Promise<boolean> {
    try {
      await account.mailboxes.create(mailbox);
      await account.mailboxes.subscribe(mailbox, true);
      return true;
    } catch (error) {
      if (!(error instanceof MailboxRefusal)) throw error;
      if (error.code === 'ALREADYEXISTS') return true;
      this.#deps.log.warn('delivery.mailboxRefused', { accountId: account.id, mailbox, reason: error.message });
      return false;
    }
  }
}
