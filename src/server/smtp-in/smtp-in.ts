import type { Address } from '#lib/address';
import type { Reply } from '#lib/smtp';
import type { Accounts } from '#mail/accounts';
import type { LocalDelivery } from '#mail/delivery';
import type { Feedback } from '#mail/feedback';
import type { Queue } from '#mail/queue';
import type { Check, Refusals } from '#mail/story';
import type { ContentMemory } from '#mail/content';
import type { BlobStore } from '#ports/blobs';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import {
  Refusal,
  type AuthBackend,
  type Backend,
  type Hello,
  type Maybe,
  type MessageSink,
  type Recipient,
  type RefusedMail,
  type SessionFacts,
  type Transaction,
  type TransactionRecipient,
} from '#proto/smtp-server';
import { admissionTexts, type Admission } from '#server/admission';
import type { Configuration } from '#server/configuration';
import type { Goal } from './destinations.ts';
import { noteRefusal } from './note-refusal.ts';
import { failOnPurpose } from './planned.ts';
import { receivingPlan, type ReceivingPlan } from './receiving-plan.ts';
import { Reception, type ReceptionDeps } from './reception.ts';
import type { SenderCheck } from './sender-check.ts';

/** Dependencies of receiving. */
export interface SmtpInDeps {
  readonly configuration: Configuration;
  readonly admission: Admission;
  readonly accounts: Accounts;
  readonly delivery: LocalDelivery;
  readonly feedback: Pick<Feedback, 'take'>;
  readonly queue: Queue;
  readonly blobs: BlobStore;
  /** Memory that all messages on their way in share. */
  readonly contentMemory: ContentMemory;
  readonly senders: SenderCheck;
  readonly refusals: Pick<Refusals, 'record'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly hostname: string;
  /** Aborted when the server stops. */
  readonly shutdown: AbortSignal;
}

/** Decisions for one connection on the port where other servers bring mail. */
export class SmtpIn implements Backend {
  readonly auth: AuthBackend | null;
  readonly #deps: SmtpInDeps;
  readonly #goals = new WeakMap<Transaction, Goal[]>();
  readonly #reception: ReceptionDeps;
  readonly #isLocalserve: boolean;
  #place: Disposable | null = null;

  /** @param plan  As `receivingPlan` makes it of the same `deps`. */
  constructor(deps: SmtpInDeps, plan: ReceivingPlan = receivingPlan(deps)) {
    this.#deps = deps;
    this.auth = plan.auth;
    this.#isLocalserve = plan.isLocalserve;
    this.#reception = plan.reception;
  }

  greet(facts: SessionFacts): void {
    const admitted = this.#deps.admission.connect('smtp', facts.remote.address);
    if (admitted.kind !== 'admitted') throw new Refusal(421, '4.7.0', admissionTexts[admitted.kind]);
    this.#place = admitted.place;
  }

  hello(_facts: SessionFacts, hello: Hello): Maybe<void> {
    if (!this.#isLocalserve && hello.verb === 'HELO') return this.#deps.senders.checkHelo(hello);
  }

  mail(_facts: SessionFacts, { from }: Transaction): Maybe<void> {
    if (from === null) return;
    if (this.#isLocalserve) return failOnPurpose(from.localpart, 'mailfrom', this.#deps);
    // Our own domains take mail: that we know without asking.
    if (this.#isOurs(from)) return;
    return this.#deps.senders.checkSender(from);
  }

  rcpt({ remote }: SessionFacts, transaction: Transaction, { address }: TransactionRecipient): Maybe<Reply | null> {
    const { quotas } = this.#reception;
    const goal = this.#goalOf(remote.address, address, transaction.from);
    const accept = (): null => {
      const goals = this.#goals.get(transaction);
      if (goals === undefined) this.#goals.set(transaction, [goal]);
      else goals.push(goal);
      return null;
    };
    const failing =
      this.#isLocalserve && address !== 'postmaster'
        ? failOnPurpose(address.localpart, 'rcptto', this.#deps)
        : undefined;
    const checking = failing ?? quotas.check(goal, transaction.parameters.sizeBytes ?? 0);
    return checking === undefined ? accept() : checking.then(accept);
  }

  data(facts: SessionFacts, transaction: Transaction): MessageSink {
    const goals = this.#goals.get(transaction) ?? [];
    return new Reception(this.#reception, { facts, transaction, goals, checks: [this.#senderChecked(transaction)] });
  }

  refused(facts: SessionFacts, mail: RefusedMail): void {
    noteRefusal(this.#deps.refusals, facts, mail);
  }

  reset(): void {
    // Nothing is kept for a transaction that did not come to its data.
  }

  closed(): void {
    this.#place?.[Symbol.dispose]();
  }

  /** Finds a recipient. Past the limit of unknown names the known ones are not told apart from them either. @throws Refusal */
  #goalOf(remoteAddress: string, recipient: Recipient, from: Address | null): Goal {
    const { admission } = this.#deps;
    if (!admission.mayNameRecipients(remoteAddress)) throw new Refusal(421, '4.7.0', admissionTexts.unknownRecipients);
    try {
      return this.#reception.destinations.find(recipient, from);
    } catch (error) {
      if (error instanceof Refusal && error.reply.code >= 500) admission.noteUnknownRecipient(remoteAddress);
      throw error;
    }
  }

  #isOurs({ domain }: Address): boolean {
    return 'ascii' in domain && this.#deps.configuration.directory.hasDomain(domain.ascii);
  }

  /** Returns the facts that `mail` found about the sender, who was not refused. */
  #senderChecked({ from }: Transaction): Check {
    const name = 'sender';
    if (from === null) return { name, result: 'none', detail: 'the null reverse-path, as of notices' };
    if (this.#isLocalserve) return { name, result: 'none', detail: 'a development server takes all' };
    return { name, result: 'pass', detail: this.#isOurs(from) ? 'a domain of ours' : 'its domain can take mail' };
  }
}
