import type { Address } from '#lib/address';
import type { Reply } from '#lib/smtp';
import type { Check, Refusals } from '#mail/story';
import {
  Refusal,
  type AuthBackend,
  type Backend,
  type Hello,
  type Maybe,
  type DataHandler,
  type Recipient,
  type RefusedMail,
  type SessionFacts,
  type Transaction,
  type TransactionRecipient,
} from '#proto/smtp-server';
import { admissionTexts, type Admission } from '#server/admission';
import type { AcceptedRecipient } from './recipient-check.ts';
import { noteRefusal } from './note-refusal.ts';
import { failOnPurpose } from './planned.ts';
import { receivingPlan, type ReceivingPlan, type ReceivingPlanDeps } from './receiving-plan.ts';
import { IncomingMessage, type IncomingMessageDeps } from './incoming-message.ts';
import type { SenderCheck } from './sender-check.ts';

/** Dependencies of `SmtpIn`. */
export interface SmtpInDeps extends ReceivingPlanDeps {
  readonly admission: Admission;
  readonly senders: SenderCheck;
  readonly refusals: Pick<Refusals, 'record'>;
}

/** Decisions for one connection on the port where other servers bring mail. */
export class SmtpIn implements Backend {
  readonly auth: AuthBackend | null;
  readonly #deps: SmtpInDeps;
  readonly #recipients = new WeakMap<Transaction, AcceptedRecipient[]>();
  readonly #receiving: IncomingMessageDeps;
  readonly #isLocalserve: boolean;
  #place: Disposable | null = null;

  /** @param plan  As `receivingPlan` makes it of the same `deps`. */
  constructor(deps: SmtpInDeps, plan: ReceivingPlan = receivingPlan(deps)) {
    this.#deps = deps;
    this.auth = plan.auth;
    this.#isLocalserve = plan.isLocalserve;
    this.#receiving = plan.reception;
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
    const { quotas } = this.#receiving;
    const recipient = this.#check(remote.address, address, transaction.from);
    const accept = (): null => {
      const recipients = this.#recipients.get(transaction);
      if (recipients === undefined) this.#recipients.set(transaction, [recipient]);
      else recipients.push(recipient);
      return null;
    };
    const failing =
      this.#isLocalserve && address !== 'postmaster'
        ? failOnPurpose(address.localpart, 'rcptto', this.#deps)
        : undefined;
    const checking = failing ?? quotas.check(recipient, transaction.parameters.sizeBytes ?? 0);
    return checking === undefined ? accept() : checking.then(accept);
  }

  data(facts: SessionFacts, transaction: Transaction): DataHandler {
    const recipients = this.#recipients.get(transaction) ?? [];
    return new IncomingMessage(this.#receiving, {
      facts,
      transaction,
      recipients,
      checks: [this.#senderChecked(transaction)],
    });
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
  #check(remoteAddress: string, recipient: Recipient, from: Address | null): AcceptedRecipient {
    const { admission } = this.#deps;
    if (!admission.mayNameRecipients(remoteAddress)) throw new Refusal(421, '4.7.0', admissionTexts.unknownRecipients);
    try {
      return this.#receiving.recipientCheck.find(recipient, from);
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
