import { writeAddress } from '#lib/address';
import { writeDeliveredTo, writeReturnPath } from '#lib/message';
import { MimeIndexer } from '#lib/mime';
import { reply, type Reply } from '#lib/smtp';
import { ContentWriter, type ContentMemory, type ReceivedBody } from '#mail/content';
import type { DeliveryResult, LocalDelivery, LocalRecipient } from '#mail/delivery';
import type { Queue } from '#mail/queue';
import { acceptanceOf, writeReception, type Check } from '#mail/story';
import type { BlobStore } from '#ports/blobs';
import type { Clock } from '#ports/clock';
import { ConditionError } from '#ports/conditions';
import type { Log } from '#ports/log';
import { Refusal, type DataHandler, type SessionFacts, type Transaction } from '#proto/smtp-server';
import type { RecipientCheck, AcceptedRecipient } from './recipient-check.ts';
import { enqueueLeftovers } from './leftovers.ts';
import { failOnPurpose } from './planned.ts';
import { besideOriginal, type Notices } from './notices.ts';
import type { Quotas } from './quotas.ts';
import { ReceiverChecks, type ReceiverPolicy } from './receiver-checks.ts';
import { receivedField } from './received-field.ts';

/** Dependencies of receiving one message. */
export interface IncomingMessageDeps {
  readonly delivery: LocalDelivery;
  readonly queue: Queue;
  readonly blobs: BlobStore;
  /** Memory that all messages on their way in share. */
  readonly contentMemory: ContentMemory;
  readonly clock: Clock;
  readonly log: Log;
  readonly hostname: string;
  /** Aborted when the server stops. */
  readonly shutdown: AbortSignal;
  readonly recipientCheck: RecipientCheck;
  readonly quotas: Quotas;
  readonly notices: Notices;
  /** Addresses may ask for failures. */
  readonly isLocalserve: boolean;
  /** Treatment of messages that other receivers refuse. */
  readonly receiverPolicy: ReceiverPolicy;
}

/** Sender and recipients. */
export interface Incoming {
  readonly facts: SessionFacts;
  readonly transaction: Transaction;
  /** Checks made before the content arrived. */
  readonly checks: readonly Check[];
  /** At least one. */
  readonly recipients: readonly AcceptedRecipient[];
}

/** A copy for one account, and the recipient that it is for. */
interface Copy extends LocalRecipient {
  readonly recipient: AcceptedRecipient;
}

/** RFC 5321 §6.3: a large number of Received fields, at least 100, means a loop. */
const maxReceivedFields = 100;

const encoder = new TextEncoder();

/** One message on its way in. */
export class IncomingMessage implements DataHandler {
  readonly #deps: IncomingMessageDeps;
  readonly #incoming: Incoming;
  readonly #writer: ContentWriter;
  readonly #indexer = new MimeIndexer();
  readonly #receivers: ReceiverChecks;

  constructor(deps: IncomingMessageDeps, incoming: Incoming) {
    this.#deps = deps;
    this.#incoming = incoming;
    this.#receivers = new ReceiverChecks(deps.receiverPolicy);
    this.#writer = new ContentWriter({ blobs: deps.blobs, memory: deps.contentMemory });
  }

  write(chunk: Uint8Array): void | Promise<void> {
    this.#indexer.push(chunk);
    this.#receivers.push(chunk);
    const waiting = this.#writer.write(chunk);
    return waiting === null ? undefined : waiting;
  }

  async finish(): Promise<Reply> {
    const { clock, delivery, notices, quotas, isLocalserve } = this.#deps;
    const { facts, transaction, checks } = this.#incoming;
    const index = this.#indexer.finish();
    await using writer = this.#writer;
    if (index.receivedCount > maxReceivedFields) {
      const text = `this message is in a loop: it has more than ${maxReceivedFields} Received fields`;
      throw new Refusal(554, '5.4.6', text);
    }
    if (isLocalserve) await this.#failOnPurpose();
    const remarks = this.#receivers.finish(transaction);
    const body = await writer.finish();
    const receivedMs = clock.now();
    const copies = this.#copies(receivedMs, remarks.field);
    const full = await quotas.fullAmong(copies, body.sizeBytes);
    const going = full.size === 0 ? copies : copies.filter(({ account }) => !full.has(account));
    if (going.length === 0) throw new Refusal(452, '4.2.2', 'the mailbox has no room for this message');
    const reception = {
      remoteIp: facts.remote.address,
      helo: facts.hello?.name ?? null,
      mailFrom: this.#sender(),
      fromOrgDomain: null,
      validation: writeReception({ by: acceptanceOf(facts), checks: [...checks, ...remarks.checks] }),
    };
    const reading = notices.read(transaction, body, index.root);
    const notice = reading === null ? null : await reading;
    const message = { body, index: besideOriginal(index, notice), receivedMs, reception };
    const results = await delivery.deliver(message, going);
    const accounts = await this.#settle(going, results, copies, body, index.has8bit);
    if (notice !== null) await notices.take(notice, accounts, facts.remote.address);
    return reply(250, '2.0.0', `delivered, thank you (${facts.id})`);
  }

  abort(): void {
    this.#writer.abort().catch((error: unknown) => this.#deps.log.error('smtp.abortFailed', {}, error));
  }

  /**
   * Nothing delivered: 451, and the client tries again. Something delivered: the rest is ours to finish, or there would be duplicates.
   * @returns the accounts that have the message.
   */
  async #settle(
    going: readonly Copy[],
    results: readonly DeliveryResult[],
    copies: readonly Copy[],
    body: ReceivedBody,
    has8bit: boolean,
  ): Promise<readonly string[]> {
    const { facts, transaction } = this.#incoming;
    const done = going.filter((_, i) => results[i]?.kind === 'delivered');
    const accounts = done.map(({ account }) => account);
    if (done.length > 0) {
      this.#deps.log.info('smtp.delivered', {
        cid: facts.id,
        remoteAddress: facts.remote.address,
        from: this.#sender(),
        accounts,
        sizeBytes: body.sizeBytes,
      });
    }
    if (done.length === copies.length) return accounts;
    const delivered = new Set(done);
    const [failed] = results.flatMap((result) => (result.kind === 'failed' ? [result.error] : []));
    if (delivered.size === 0 && failed instanceof ConditionError) throw failed;
    if (delivered.size === 0) throw new Refusal(451, '4.3.0', 'could not be stored, please try again later');
    const served = new Set(Array.from(delivered, ({ recipient }) => recipient));
    const left = copies.filter((copy) => {
      if (delivered.has(copy)) return false;
      // A list has reached some member: those whose mailbox is full go without.
      return going.includes(copy) || !copy.recipient.isAlias || !served.has(copy.recipient);
    });
    if (left.length === 0) return accounts;
    await enqueueLeftovers(this.#deps, {
      facts,
      sender: this.#sender(),
      addresses: left.map((copy) => this.#againTo(copy)),
      body,
      has8bit,
      smtputf8: transaction.parameters.smtputf8,
    });
    return accounts;
  }

  /** The address to bring a copy to again: an alias would reach those who have it already. */
  #againTo({ account, address, recipient }: Copy): string {
    return recipient.isAlias ? (this.#deps.recipientCheck.ownAddress(account) ?? address) : address;
  }

  /** @param remarks  Header fields of ours about the message. */
  #copies(nowMs: number, remarks: string): Copy[] {
    const { hostname } = this.#deps;
    const { facts, transaction, recipients } = this.#incoming;
    const only = recipients.length === 1 ? (recipients[0]?.address ?? null) : null;
    const received = receivedField(facts, transaction, { hostname, recipient: only, nowMs, hideClient: false });
    const returnPath = writeReturnPath(this.#sender());
    const seen = new Set<string>();
    const copies: Copy[] = [];
    for (const recipient of recipients) {
      const { accounts, address } = recipient;
      for (const account of accounts) {
        // A recipient who is addressed twice, or is in a list as well, gets one copy.
        if (seen.has(account)) continue;
        seen.add(account);
        const prefix = encoder.encode(`${writeDeliveredTo(address)}${returnPath}${received}${remarks}`);
        copies.push({ account, address, prefix, recipient });
      }
    }
    return copies;
  }

  #sender(): string {
    const { from } = this.#incoming.transaction;
    return from === null ? '' : writeAddress(from, 'unicode');
  }

  async #failOnPurpose(): Promise<void> {
    for (const { address } of this.#incoming.transaction.recipients) {
      if (address !== 'postmaster') await failOnPurpose(address.localpart, 'data', this.#deps);
    }
  }
}
