import { joinBytes } from '#lib/codecs';
import { writeAddress } from '#lib/address';
import { LoginsBusy, type CredentialStore, deriveScramKeys, type Identity, type MechanismName } from '#lib/sasl';
import { reply, type Reply } from '#lib/smtp';
import { ConditionError, conditionKinds } from '#ports/conditions';
import {
  type AuthBackend,
  type AuthOutcome,
  type Backend,
  type DataHandler,
  Refusal,
  type SessionFacts,
  type Transaction,
  type RcptAnswer,
  type RequestedRecipient,
  type Sender,
} from '#proto/smtp-server';

/** The one user that can log in. */
export const fakeUser = { login: 'user@example.org', password: 'secret', account: 'user' } as const;

const salt = new Uint8Array(16).fill(3);
const iterations = 4096;

/** A message as the backend took it. */
export interface FakeMessage {
  readonly from: string;
  readonly to: readonly string[];
  readonly content: Uint8Array;
  readonly transaction: Transaction;
}

/**
 * A Backend that accepts everything, but for localparts that ask for trouble: `nobody` (550), `later` (451), `crash` (a bug), `slow` (accepted
 * after a turn of the loop), `is.diskFull` and the like (conditions of the machine); as the first recipient also `nodata` (554 to DATA), `badwrite` (refusal within content), `bugwrite`, `badfinish` (451), `bugfinish`,
 * `write.diskFull`, `finish.diskFull` and the like.
 */
export class FakeSmtpBackend implements Backend {
  readonly auth: AuthBackend | null;
  readonly messages: FakeMessage[] = [];
  readonly outcomes: AuthOutcome[] = [];
  /** Handlers that were neither finished nor aborted. */
  openHandlers = 0;
  aborted = 0;
  resets = 0;
  closes = 0;
  /** Thrown by `greet`. */
  notAdmitted: Error | null = null;
  /** Thrown when a login succeeded. */
  loginRefused: Error | null = null;
  /** Ends the sessions of logins. */
  loginEnded: AbortSignal | null = null;

  constructor(options: { readonly mechanisms?: readonly MechanismName[] } = {}) {
    const { mechanisms } = options;
    this.auth = mechanisms === undefined ? null : this.#auth(mechanisms);
  }

  async greet(): Promise<void> {
    if (this.notAdmitted !== null) throw this.notAdmitted;
  }

  async hello(_facts: SessionFacts, hello: { readonly name: string }): Promise<void> {
    if (hello.name === 'unknown.example') throw new Refusal(550, '5.5.0', 'your HELO domain does not exist');
  }

  async mail(_facts: SessionFacts, { from }: Sender): Promise<void> {
    await trouble(from?.localpart);
  }

  async rcpt(_facts: SessionFacts, _transaction: Transaction, recipient: RequestedRecipient): Promise<RcptAnswer> {
    const localpart = recipient.address === 'postmaster' ? 'postmaster' : recipient.address.localpart;
    if (localpart === 'moved') return { facts: null, reply: reply(251, '2.1.5', 'user not local, will forward') };
    await trouble(localpart);
    return { facts: null };
  }

  async data(_facts: SessionFacts, transaction: Transaction): Promise<DataHandler> {
    const [first] = transaction.recipients;
    const how = first === undefined || first.address === 'postmaster' ? '' : first.address.localpart;
    if (how === 'nodata') throw new Refusal(554, '5.3.0', 'no data today');
    this.openHandlers++;
    return new FakeHandler(this, transaction, how);
  }

  reset(): void {
    this.resets++;
  }

  closed(): void {
    this.closes++;
  }

  #auth(mechanisms: readonly MechanismName[]): AuthBackend {
    return {
      credentials: fakeCredentials,
      mechanisms,
      attempt: async () => undefined,
      outcome: async (_facts, outcome) => {
        this.outcomes.push(outcome);
        if (outcome.kind === 'success' && this.loginRefused !== null) throw this.loginRefused;
        return outcome.kind === 'success' ? this.loginEnded : null;
      },
    };
  }
}

async function trouble(localpart: string | undefined): Promise<void> {
  failAt('is', localpart);
  switch (localpart) {
    case 'nobody':
      throw new Refusal(550, '5.1.1', 'no such user');
    case 'later':
      throw new Refusal(451, '4.2.1', 'try later');
    case 'crash':
      throw new Error('crash, as asked');
    case 'slow':
      await new Promise((resolve) => setImmediate(resolve));
      break;
    default:
  }
}

/** @throws ConditionError when the localpart asks for one at this point, as `point.kind`. */
function failAt(point: 'is' | 'write' | 'finish', localpart: string | undefined): void {
  const kind = conditionKinds.find((name) => localpart === `${point}.${name}`);
  if (kind !== undefined) throw new ConditionError(kind, '/secret/path');
}

class FakeHandler implements DataHandler {
  readonly #backend: FakeSmtpBackend;
  readonly #transaction: Transaction;
  readonly #how: string;
  readonly #chunks: Uint8Array[] = [];

  constructor(backend: FakeSmtpBackend, transaction: Transaction, how: string) {
    this.#backend = backend;
    this.#transaction = transaction;
    this.#how = how;
  }

  write(chunk: Uint8Array): Promise<void> | null {
    failAt('write', this.#how);
    if (this.#how === 'badwrite') throw new Refusal(554, '5.6.0', 'content is bad');
    if (this.#how === 'bugwrite') return Promise.reject(new Error('crash in write, as asked'));
    this.#chunks.push(chunk);
    return this.#how === 'slow' ? Promise.resolve() : null;
  }

  async finish(): Promise<Reply> {
    this.#backend.openHandlers--;
    failAt('finish', this.#how);
    if (this.#how === 'badfinish') return Promise.resolve(reply(451, '4.3.1', 'disk full'));
    if (this.#how === 'bugfinish') return Promise.reject(new Error('crash in finish, as asked'));
    const { from, recipients } = this.#transaction;
    this.#backend.messages.push({
      from: from === null ? '' : writeAddress(from),
      to: recipients.map(({ address }) => (address === 'postmaster' ? address : writeAddress(address))),
      content: joinBytes(this.#chunks),
      transaction: this.#transaction,
    });
    return Promise.resolve(reply(250, '2.2.0', 'accepted'));
  }

  abort(): void {
    this.#backend.openHandlers--;
    this.#backend.aborted++;
  }
}

const identity: Identity = { account: fakeUser.account, login: fakeUser.login };

const fakeCredentials: CredentialStore = {
  async checkPassword(login, password) {
    if (password === 'busy') throw new LoginsBusy('too many logins at once');
    return login === fakeUser.login && password === fakeUser.password ? identity : null;
  },
  scramKeys: (_login, hash) => deriveScramKeys(fakeUser.password, salt, iterations, hash),
  checkCramMd5: () => Promise.resolve(null),
  identify: (login) => Promise.resolve(login === fakeUser.login ? identity : null),
  identifyCertificate: () => Promise.resolve(identity),
  checkToken: (token) => Promise.resolve(token === 'good' ? identity : null),
};
