import type { Clock } from '#ports/clock';
import {
  Refusal,
  type AuthBackend,
  type Backend,
  type DataHandler,
  type Hello,
  type RcptAnswer,
  type RefusedMail,
  type RequestedRecipient,
  type Sender,
  type SessionFacts,
  type Transaction,
} from '#proto/smtp-server';
import { plannedFailure, type Stage } from './planned-failure.ts';

/** Dependencies of planned failures. */
export interface PlannedDeps {
  readonly clock: Pick<Clock, 'sleep'>;
  /** Ends a timeout early: a server that stops does not wait. */
  readonly shutdown: AbortSignal;
}

/** An hour is longer than any client waits; after it the connection simply ends. */
const timeoutMs = 60 * 60_000;

/** Fails at MAIL, RCPT and the end of the content where an address asks for that, and leaves the rest to the Backend behind it. */
export class PlannedBackend implements Backend {
  readonly auth: AuthBackend | null;
  readonly #backend: Backend;
  readonly #deps: PlannedDeps;

  constructor(backend: Backend, deps: PlannedDeps) {
    this.#backend = backend;
    this.#deps = deps;
    this.auth = backend.auth;
  }

  greet(facts: SessionFacts): Promise<void> {
    return this.#backend.greet(facts);
  }

  hello(facts: SessionFacts, hello: Hello): Promise<void> {
    return this.#backend.hello(facts, hello);
  }

  async mail(facts: SessionFacts, sender: Sender): Promise<unknown> {
    await this.#fail(sender.from, 'mailfrom');
    return await this.#backend.mail(facts, sender);
  }

  async rcpt(facts: SessionFacts, transaction: Transaction, recipient: RequestedRecipient): Promise<RcptAnswer> {
    await this.#fail(recipient.address, 'rcptto');
    return await this.#backend.rcpt(facts, transaction, recipient);
  }

  async data(facts: SessionFacts, transaction: Transaction): Promise<DataHandler> {
    const handler = await this.#backend.data(facts, transaction);
    const failing = transaction.recipients.find(({ address }) => isPlanned(address, 'data'));
    return failing === undefined ? handler : failingAtEnd(handler, () => this.#fail(failing.address, 'data'));
  }

  refused(facts: SessionFacts, mail: RefusedMail): void {
    this.#backend.refused?.(facts, mail);
  }

  reset(facts: SessionFacts, transaction: Transaction): void {
    this.#backend.reset(facts, transaction);
  }

  closed(facts: SessionFacts): void {
    this.#backend.closed(facts);
  }

  /** Fails as an address asks for at a stage, and does nothing when it asks for nothing. @throws Refusal. */
  async #fail(address: Sender['from'] | 'postmaster', stage: Stage): Promise<void> {
    const failure = failureOf(address, stage);
    if (failure === null) return;
    if (failure.kind === 'reply') throw new Refusal(failure.code, failure.enhanced, failure.text);
    try {
      await this.#deps.clock.sleep(timeoutMs, this.#deps.shutdown);
    } catch {
      // The server stops: the client gets the same reply, earlier.
    }
    throw new Refusal(421, '4.4.2', 'timeout asked for by the address');
  }
}

function failureOf(address: Sender['from'] | 'postmaster', stage: Stage): ReturnType<typeof plannedFailure> {
  return address === null || address === 'postmaster' ? null : plannedFailure(address.localpart, stage);
}

function isPlanned(address: Sender['from'] | 'postmaster', stage: Stage): boolean {
  return failureOf(address, stage) !== null;
}

/** Takes the content as `handler` does, and fails in place of its end. */
function failingAtEnd(handler: DataHandler, fail: () => Promise<void>): DataHandler {
  return {
    write: (chunk) => handler.write(chunk),
    finish: async () => {
      handler.abort();
      await fail();
      throw new Error('a planned failure did not fail');
    },
    abort: () => handler.abort(),
  };
}
