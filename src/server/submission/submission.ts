import { mechanismsByStrength, usualMechanisms, type MechanismName } from '#lib/sasl';
import type { Accounts } from '#mail/accounts';
import type { AppPasswords, CredentialChecker } from '#mail/auth';
import type { Signing } from '#mail/dkim';
import type { Queue } from '#mail/queue';
import type { Refusals } from '#mail/story';
import type { ContentMemory } from '#mail/content';
import type { BlobStore } from '#ports/blobs';
import type { Clock } from '#ports/clock';
import type { Log } from '#ports/log';
import type { Random } from '#ports/random';
import {
  Refusal,
  type AuthBackend,
  type AuthOutcome,
  type Backend,
  type DataHandler,
  type RcptAnswer,
  type RefusedMail,
  type RequestedRecipient,
  type Sender,
  type SessionFacts,
  type Transaction,
} from '#proto/smtp-server';
import { admissionTexts, type Admission, type LoginAttempt } from '#server/admission';
import type { Configuration } from '#server/configuration';
import { noteRefusal } from '#server/smtp-in';
import { notYours, type SubmissionRules } from './submission-rules.ts';
import { SubmittedMessage } from './submitted-message.ts';

/** Dependencies of submission. */
export interface SubmissionDeps {
  readonly configuration: Configuration;
  readonly admission: Admission;
  readonly checker: CredentialChecker;
  readonly appPasswords: Pick<AppPasswords, 'noteUse'>;
  readonly accounts: Accounts;
  readonly queue: Queue;
  readonly refusals: Pick<Refusals, 'record'>;
  readonly blobs: BlobStore;
  /** Memory that all messages on their way in share. */
  readonly contentMemory: ContentMemory;
  readonly signing: Signing;
  readonly rules: SubmissionRules;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly hostname: string;
  /** Mechanisms that users may log in with; the usual ones when left out. */
  readonly mechanisms?: readonly MechanismName[];
}

/** Decisions for one connection of a user. */
export class Submission implements Backend {
  readonly auth: AuthBackend;
  readonly #deps: SubmissionDeps;
  #place: Disposable | null = null;
  /** The login that is under way. */
  #attempt: LoginAttempt | null = null;

  constructor(deps: SubmissionDeps) {
    this.#deps = deps;
    this.auth = {
      credentials: deps.checker,
      mechanisms: mechanismsByStrength.filter((name) => (deps.mechanisms ?? usualMechanisms).includes(name)),
      attempt: (facts, mechanism) => this.#beginLogin(facts, mechanism),
      outcome: (facts, outcome) => this.#outcome(facts, outcome),
    };
  }

  async greet({ remote, kind }: SessionFacts): Promise<void> {
    const { admission } = this.#deps;
    if (!admission.mayLogIn(remote.address)) throw new Refusal(421, '4.7.0', admissionTexts.failedTooOften);
    // With immediate TLS the listener asked before the handshake.
    if (kind === 'submissions') return;
    const admitted = admission.connect('smtp', remote.address);
    if (admitted.kind !== 'admitted') throw new Refusal(421, '4.7.0', admissionTexts[admitted.kind]);
    this.#place = admitted.place;
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
    this.#attempt?.[Symbol.dispose]();
    this.#place?.[Symbol.dispose]();
  }

  async #beginLogin({ remote }: SessionFacts, _mechanism: MechanismName): Promise<void> {
    this.#attempt?.[Symbol.dispose]();
    this.#attempt = null;
    const admitted = await this.#deps.admission.beginLogin(remote.address);
    switch (admitted.kind) {
      case 'admitted':
        this.#attempt = admitted.attempt;
        return;
      case 'busy':
        throw new Refusal(454, '4.7.0', admissionTexts.busy);
      default:
        throw new Refusal(421, '4.7.0', admissionTexts.failedTooOften);
    }
  }

  async #outcome({ remote, id }: SessionFacts, outcome: AuthOutcome): Promise<void> {
    const { appPasswords, configuration, log } = this.#deps;
    const attempt = this.#attempt;
    const { mechanism } = outcome;
    if (outcome.kind === 'failure') {
      const { failure, reason, login } = outcome;
      if (failure === 'protocol' || failure === 'aborted') attempt?.[Symbol.dispose]();
      else attempt?.failed(login);
      log.warn('submission.loginFailed', { cid: id, remoteAddress: remote.address, mechanism, login, failure, reason });
      return;
    }
    const { account, login } = outcome.identity;
    const disabled = configuration.config.domains.accounts[account]?.loginDisabled;
    if (disabled !== undefined) {
      // The password was right, but the client goes on trying.
      attempt?.failed(login);
      const why = { failure: 'disabled', reason: 'the account is disabled' };
      log.warn('submission.loginFailed', { cid: id, remoteAddress: remote.address, mechanism, login, ...why });
      throw new Refusal(525, '5.7.13', disabled);
    }
    if (outcome.identity.appPassword?.scopes.includes('send') === false) {
      // The password was right, but the client goes on trying.
      attempt?.failed(login);
      const why = { failure: 'authorization', reason: 'the app password does not permit sending' };
      log.warn('submission.loginFailed', { cid: id, remoteAddress: remote.address, mechanism, login, ...why });
      throw new Refusal(535, '5.7.8', 'this app password does not permit sending');
    }
    attempt?.succeeded(login);
    void appPasswords.noteUse(outcome.identity, { protocol: 'submission', address: remote.address });
    log.info('submission.login', { cid: id, remoteAddress: remote.address, account, login, mechanism });
  }
}
