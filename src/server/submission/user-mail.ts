import type { Accounts } from '#mail/accounts';
import type { Refusals } from '#mail/story';
import {
  Refusal,
  type Backend,
  type DataHandler,
  type RcptAnswer,
  type RefusedMail,
  type RequestedRecipient,
  type Sender,
  type SessionFacts,
  type Transaction,
} from '#proto/smtp-server';
import { noteRefusal } from '#server/smtp-in';
import { notYours, type SubmissionRules } from './submission-rules.ts';
import { SubmittedMessage, type SubmittedMessageDeps } from './submitted-message.ts';

/** Dependencies of `UserMail`. */
export interface UserMailDeps extends SubmittedMessageDeps {
  readonly accounts: Accounts;
  readonly refusals: Pick<Refusals, 'record'>;
  readonly rules: SubmissionRules;
}

/** Decisions about mail of users who are logged in, however it comes: by an SMTP session, or by JMAP. */
export class UserMail implements Backend {
  readonly auth = null;
  readonly #deps: UserMailDeps;

  constructor(deps: UserMailDeps) {
    this.#deps = deps;
  }

  async greet(): Promise<void> {
    // The client was admitted, and logged in, before it brings mail.
  }

  async hello(): Promise<void> {
    // Programs of users have all sorts of names; who they are is proved by AUTH.
  }

  async mail({ identity }: SessionFacts, { from }: Sender): Promise<void> {
    if (from !== null && !this.#deps.rules.maySendAs(identity?.account ?? '', from)) throw notYours(from);
  }

  async rcpt(_facts: SessionFacts, _transaction: Transaction, { address }: RequestedRecipient): Promise<RcptAnswer> {
    if (address !== 'postmaster') this.#deps.rules.checkRecipient(address);
    return { facts: null };
  }

  async data(facts: SessionFacts, transaction: Transaction): Promise<DataHandler> {
    const name = facts.identity?.account ?? '';
    const account = await this.#deps.accounts.open(name);
    if (account === null) throw new Refusal(454, '4.7.0', 'your account cannot be opened');
    return new SubmittedMessage(this.#deps, {
      facts,
      transaction,
      account: account.id,
      maySendAs: (address) => this.#deps.rules.maySendAs(name, address),
    });
  }

  refused(facts: SessionFacts, mail: RefusedMail): void {
    noteRefusal(this.#deps.refusals, facts, mail);
  }

  reset(): void {
    // Nothing is kept for a transaction that did not come to its data.
  }

  closed(): void {
    // Nothing is kept for a session.
  }
}
