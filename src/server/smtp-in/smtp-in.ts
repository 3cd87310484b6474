import type { Address } from '#lib/address';
import type { AcceptedRecipient, SenderFacts } from '#mail/inbound';
import type { Refusals } from '#mail/story';
import {
  Refusal,
  type AuthBackend,
  type Backend,
  type DataHandler,
  type Hello,
  type RcptAnswer,
  type Recipient,
  type RefusedMail,
  type RequestedRecipient,
  type Sender,
  type SessionFacts,
} from '#proto/smtp-server';
import { admissionTexts, type Admission } from '#server/admission';
import type { InboundTransaction } from './inbound-transaction.ts';
import { IncomingMessage } from './incoming-message.ts';
import { noteRefusal } from './note-refusal.ts';
import { receivingPlan, type ReceivingPlan, type ReceivingPlanDeps } from './receiving-plan.ts';
import type { SenderChecks } from './sender-check.ts';

/** Dependencies of receiving. */
export interface SmtpInDeps extends ReceivingPlanDeps {
  readonly admission: Admission;
  readonly senders: SenderChecks;
  readonly refusals: Pick<Refusals, 'record'>;
}

/** Decisions for one connection on the port where other servers bring mail. */
export class SmtpIn implements Backend<SenderFacts, AcceptedRecipient> {
  readonly auth: AuthBackend | null;
  readonly #deps: SmtpInDeps;
  readonly #plan: ReceivingPlan;
  #place: Disposable | null = null;

  /** @param plan  As `receivingPlan` makes it of the same `deps`. */
  constructor(deps: SmtpInDeps, plan: ReceivingPlan = receivingPlan(deps)) {
    this.#deps = deps;
    this.#plan = plan;
    this.auth = plan.auth;
  }

  async greet(facts: SessionFacts): Promise<void> {
    const admitted = this.#deps.admission.connect('smtp', facts.remote.address);
    if (admitted.kind !== 'admitted') throw new Refusal(421, '4.7.0', admissionTexts[admitted.kind]);
    this.#place = admitted.place;
  }

  async hello(_facts: SessionFacts, hello: Hello): Promise<void> {
    if (hello.verb === 'HELO') await this.#deps.senders.checkHelo(hello);
  }

  async mail(_facts: SessionFacts, { from }: Sender): Promise<SenderFacts> {
    const { configuration, senders } = this.#deps;
    return await senders.checkSender(from, (domain) => configuration.directory.hasDomain(domain));
  }

  async rcpt(
    { remote }: SessionFacts,
    { from, parameters }: InboundTransaction,
    { address }: RequestedRecipient,
  ): Promise<RcptAnswer<AcceptedRecipient>> {
    const facts = this.#check(remote.address, address, from);
    await this.#plan.quotas.check(facts, parameters.sizeBytes ?? 0);
    return { facts };
  }

  async data(facts: SessionFacts, transaction: InboundTransaction): Promise<DataHandler> {
    return new IncomingMessage(this.#plan.incoming, facts, transaction);
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
      return this.#plan.recipientCheck.find(recipient, from);
    } catch (error) {
      if (error instanceof Refusal && error.reply.code >= 500) admission.noteUnknownRecipient(remoteAddress);
      throw error;
    }
  }
}
