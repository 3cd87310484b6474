import { writeAddress } from '#lib/address';
import { writeDeliveredTo, writeReturnPath } from '#lib/message';
import { MimeIndexer } from '#lib/mime';
import { reply, type Reply } from '#lib/smtp';
import { ContentWriter, type ReceivedBody } from '#mail/content';
import type { DeliveryResult, LocalDelivery, LocalRecipient } from '#mail/delivery';
import type { Queue } from '#mail/queue';
import type { BlobStore } from '#ports/blobs';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import {
  Refusal,
  type Backend,
  type Hello,
  type Maybe,
  type MessageSink,
  type SessionFacts,
  type Transaction,
  type TransactionRecipient,
} from '#proto/smtp-server';
import type { Admission } from '#server/admission';
import type { Configuration } from '#server/configuration';
import { Destinations, type Goal } from './destinations.ts';
import { failOnPurpose } from './planned.ts';
import { receivedField } from './received-field.ts';
import type { SenderCheck } from './sender-check.ts';
import { enqueueLeftovers } from './leftovers.ts';

/** What receiving needs. */
export interface SmtpInDeps {
  readonly configuration: Configuration;
  readonly admission: Admission;
  readonly delivery: LocalDelivery;
  readonly queue: Queue;
  readonly blobs: BlobStore;
  readonly senders: SenderCheck;
  readonly clock: Clock;
  readonly log: Log;
  readonly hostname: string;
}

/** RFC 5321 §6.3: a large number of Received fields, at least 100, means a loop. */
const maxReceivedFields = 100;

/** Decisions for one connection on the port where other servers bring mail. */
export class SmtpIn implements Backend {
  readonly auth = null;
  readonly #deps: SmtpInDeps;
  readonly #goals = new WeakMap<Transaction, Goal[]>();
  readonly #destinations: Destinations;
  readonly #isLocalserve: boolean;
  #place: Disposable | null = null;

  constructor(deps: SmtpInDeps) {
    this.#deps = deps;
    const { config, directory } = deps.configuration;
    this.#isLocalserve = config.server.localserve;
    this.#destinations = new Destinations(config, directory);
  }

  greet(facts: SessionFacts): void {
    const admitted = this.#deps.admission.connect('smtp', facts.remote.address);
    if (admitted.kind === 'tooFast')
      throw new Refusal(421, '4.7.0', 'too many connections in a short time from your network');
    if (admitted.kind === 'tooMany') throw new Refusal(421, '4.7.0', 'too many open connections from your network');
    this.#place = admitted.place;
  }

  hello(_facts: SessionFacts, hello: Hello): Maybe<void> {
    if (!this.#isLocalserve && hello.verb === 'HELO') return this.#deps.senders.checkHelo(hello);
  }

  mail(_facts: SessionFacts, { from }: Transaction): Maybe<void> {
    if (from === null) return;
    if (this.#isLocalserve) return failOnPurpose(from.localpart, 'mailfrom', this.#deps.clock);
    // Our own domains take mail: that we know without asking.
    if ('ascii' in from.domain && this.#deps.configuration.directory.hasDomain(from.domain.ascii)) return;
    return this.#deps.senders.checkSender(from);
  }

  rcpt(_facts: SessionFacts, transaction: Transaction, { address }: TransactionRecipient): Maybe<Reply | null> {
    const goal = this.#destinations.find(address, transaction.from);
    const accept = (): null => {
      const goals = this.#goals.get(transaction);
      if (goals === undefined) this.#goals.set(transaction, [goal]);
      else goals.push(goal);
      return null;
    };
    if (!this.#isLocalserve || address === 'postmaster') return accept();
    const failing = failOnPurpose(address.localpart, 'rcptto', this.#deps.clock);
    return failing === undefined ? accept() : failing.then(accept);
  }

  data(facts: SessionFacts, transaction: Transaction): MessageSink {
    return new Reception(this.#deps, facts, transaction, this.#goals.get(transaction) ?? [], this.#isLocalserve);
  }

  reset(): void {
    // Nothing is kept for a transaction that did not come to its data.
  }

  closed(): void {
    this.#place?.[Symbol.dispose]();
  }
}

/** One message on its way in. */
class Reception implements MessageSink {
  readonly #deps: SmtpInDeps;
  readonly #facts: SessionFacts;
  readonly #transaction: Transaction;
  readonly #goals: readonly Goal[];
  readonly #isLocalserve: boolean;
  readonly #writer: ContentWriter;
  readonly #indexer = new MimeIndexer();

  constructor(
    deps: SmtpInDeps,
    facts: SessionFacts,
    transaction: Transaction,
    goals: readonly Goal[],
    isLocalserve: boolean,
  ) {
    this.#deps = deps;
    this.#facts = facts;
    this.#transaction = transaction;
    this.#goals = goals;
    this.#isLocalserve = isLocalserve;
    this.#writer = new ContentWriter({ blobs: deps.blobs });
  }

  write(chunk: Uint8Array): void | Promise<void> {
    this.#indexer.push(chunk);
    const waiting = this.#writer.write(chunk);
    return waiting === null ? undefined : waiting;
  }

  async finish(): Promise<Reply> {
    const { clock, delivery } = this.#deps;
    const index = this.#indexer.finish();
    await using writer = this.#writer;
    if (index.receivedCount > maxReceivedFields) throw new Refusal(554, '5.4.6', 'this message is in a loop');
    if (this.#isLocalserve) await this.#failOnPurpose();
    const body = await writer.finish();
    const receivedMs = clock.now();
    const recipients = this.#recipients(receivedMs);
    const reception = {
      remoteIp: this.#facts.remote.address,
      helo: this.#facts.hello?.name ?? null,
      mailFrom: this.#sender(),
      fromOrgDomain: null,
      validation: null,
    };
    const results = await delivery.deliver({ body, index, receivedMs, reception }, recipients);
    await this.#settle(results, recipients, body, index.has8bit);
    return reply(250, '2.0.0', `delivered, thank you (${this.#facts.id})`);
  }

  abort(): void {
    this.#writer.abort().catch((error: unknown) => this.#deps.log.error('smtp.abortFailed', {}, error));
  }

  /** Nothing delivered: 451, and the client tries again. Something delivered: the rest is ours to finish, or there would be duplicates. */
  async #settle(
    results: readonly DeliveryResult[],
    recipients: readonly LocalRecipient[],
    body: ReceivedBody,
    has8bit: boolean,
  ): Promise<void> {
    const left = recipients.filter((_, i) => results[i]?.kind !== 'delivered');
    this.#deps.log.info('smtp.delivered', {
      cid: this.#facts.id,
      from: this.#sender(),
      accounts: recipients.filter((_, i) => results[i]?.kind === 'delivered').map(({ account }) => account),
      sizeBytes: body.sizeBytes,
    });
    if (left.length === 0) return;
    if (left.length === recipients.length)
      throw new Refusal(451, '4.3.0', 'could not be stored, please try again later');
    await enqueueLeftovers(this.#deps, {
      sender: this.#sender(),
      addresses: left.map(({ address }) => address),
      body,
      has8bit,
      smtputf8: this.#transaction.parameters.smtputf8,
    });
  }

  #recipients(nowMs: number): LocalRecipient[] {
    const { hostname } = this.#deps;
    const only = this.#goals.length === 1 ? (this.#goals[0]?.address ?? null) : null;
    const received = receivedField(this.#facts, this.#transaction, {
      hostname,
      recipient: only,
      nowMs,
      hideClient: false,
    });
    const returnPath = writeReturnPath(this.#sender());
    const seen = new Set<string>();
    const recipients: LocalRecipient[] = [];
    for (const { accounts, address } of this.#goals) {
      for (const account of accounts) {
        // Somebody who is addressed twice, or is in a list as well, gets one copy.
        if (seen.has(account)) continue;
        seen.add(account);
        const prefix = encoder.encode(`${writeDeliveredTo(address)}${returnPath}${received}`);
        recipients.push({ account, address, prefix });
      }
    }
    return recipients;
  }

  #sender(): string {
    const { from } = this.#transaction;
    return from === null ? '' : writeAddress(from, 'unicode');
  }

  async #failOnPurpose(): Promise<void> {
    for (const { address } of this.#transaction.recipients) {
      if (address !== 'postmaster') await failOnPurpose(address.localpart, 'data', this.#deps.clock);
    }
  }
}

const encoder = new TextEncoder();
