import { mechanismsByStrength, usualMechanisms, type MechanismName } from '#lib/sasl';
import type { CredentialChecker } from '#mail/auth';
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
import { admissionTexts, type Admission, type Logins, type LoginTry, type OpenLogin } from '#server/admission';
import { UserMail, type UserMailDeps } from './user-mail.ts';

/** Dependencies of submission. */
export interface SubmissionDeps extends UserMailDeps {
  readonly admission: Admission;
  readonly checker: CredentialChecker;
  readonly logins: Pick<Logins, 'begin'>;
  /** Mechanisms that users may log in with; the usual ones when left out. */
  readonly mechanisms?: readonly MechanismName[];
}

/** Decisions for one connection of a user. */
export class Submission implements Backend {
  readonly auth: AuthBackend;
  readonly #deps: SubmissionDeps;
  readonly #mail: UserMail;
  #place: Disposable | null = null;
  /** The login that is under way. */
  #try: LoginTry | null = null;
  /** The login that the session holds open. */
  #login: OpenLogin | null = null;

  constructor(deps: SubmissionDeps) {
    this.#deps = deps;
    this.#mail = new UserMail(deps);
    this.auth = {
      credentials: deps.checker,
      mechanisms: mechanismsByStrength.filter((name) => (deps.mechanisms ?? usualMechanisms).includes(name)),
      attempt: (facts, mechanism) => this.#beginLogin(facts, mechanism),
      outcome: (_facts, outcome) => this.#outcome(outcome),
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

  hello(): Promise<void> {
    return this.#mail.hello();
  }

  mail(facts: SessionFacts, sender: Sender): Promise<void> {
    return this.#mail.mail(facts, sender);
  }

  rcpt(facts: SessionFacts, transaction: Transaction, recipient: RequestedRecipient): Promise<RcptAnswer> {
    return this.#mail.rcpt(facts, transaction, recipient);
  }

  data(facts: SessionFacts, transaction: Transaction): Promise<DataHandler> {
    return this.#mail.data(facts, transaction);
  }

  refused(facts: SessionFacts, mail: RefusedMail): void {
    this.#mail.refused(facts, mail);
  }

  reset(): void {
    this.#mail.reset();
  }

  closed(): void {
    this.#try?.[Symbol.dispose]();
    this.#login?.[Symbol.dispose]();
    this.#place?.[Symbol.dispose]();
  }

  async #beginLogin({ remote, id }: SessionFacts, _mechanism: MechanismName): Promise<void> {
    this.#try?.[Symbol.dispose]();
    this.#try = null;
    const { logins, log } = this.#deps;
    const client = { protocol: 'submission', remoteAddress: remote.address, log: log.with({ cid: id }) } as const;
    const start = await logins.begin(client);
    switch (start.kind) {
      case 'admitted':
        this.#try = start.login;
        return;
      case 'busy':
        throw new Refusal(454, '4.7.0', admissionTexts.busy);
      default:
        throw new Refusal(421, '4.7.0', admissionTexts.failedTooOften);
    }
  }

  /** Records the end of an exchange. @returns the signal that ends the session; null after a failure. @throws Refusal when the login is refused. */
  async #outcome(outcome: AuthOutcome): Promise<AbortSignal | null> {
    const login = this.#try;
    if (login === null) throw new Error('an outcome without an attempt');
    if (outcome.kind === 'failure') {
      login.failed(outcome);
      return null;
    }
    const decision = login.decide(outcome.identity, { mechanism: outcome.mechanism, scopes: ['send'] });
    // RFC 5248 §2.4: 525 5.7.13 is a user account that is disabled.
    if (decision.kind === 'disabled') throw new Refusal(525, '5.7.13', decision.text);
    if (decision.kind === 'notPermitted') throw new Refusal(535, '5.7.8', 'this app password does not permit sending');
    this.#login = decision.open();
    return this.#login.ended;
  }
}
