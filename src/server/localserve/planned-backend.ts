import type { Clock } from '#ports/clock';
import {
  Refusal,
  type AuthBackend,
  type Backend,
  type DataHandler,
  type Hello,
  type Maybe,
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

  greet(facts: SessionFacts): Maybe<void> {
    return this.#backend.greet(facts);
  }

  hello(facts: SessionFacts, hello: Hello): Maybe<void> {
    return this.#backend.hello(facts, hello);
  }

  mail(facts: SessionFacts, sender: Sender): Maybe<unknown> {
    return this.#fail(sender.from, 'mailfrom') ?? this.#backend.mail(facts, sender);
  }

  rcpt(facts: SessionFacts, transaction: Transaction, recipient: RequestedRecipient): Maybe<RcptAnswer> {
    return this.#fail(recipient.address, 'rcptto') ?? this.#backend.rcpt(facts, transaction, recipient);
  }

  data(facts: SessionFacts, transaction: Transaction): Maybe<DataHandler> {
    const handler = this.#backend.data(facts, transaction);
    const failing = transaction.recipients.find(({ address }) => isPlanned(address, 'data'));
    if (failing === undefined) return handler;
    const fail = (): Maybe<never> | undefined => this.#fail(failing.address, 'data');
    return handler instanceof Promise
      ? handler.then((begun) => failingAtEnd(begun, fail))
      : failingAtEnd(handler, fail);
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

  /** Fails as an address asks for at a stage; undefined when it asks for nothing. @throws Refusal. */
  #fail(address: Sender['from'] | 'postmaster', stage: Stage): Promise<never> | undefined {
    const failure = failureOf(address, stage);
    if (failure === null) return undefined;
    if (failure.kind === 'reply') throw new Refusal(failure.code, failure.enhanced, failure.text);
    const refuse = (): never => {
      throw new Refusal(421, '4.4.2', 'timeout asked for by the address');
    };
    return this.#deps.clock.sleep(timeoutMs, this.#deps.shutdown).then(refuse, refuse);
  }
}

function failureOf(address: Sender['from'] | 'postmaster', stage: Stage): ReturnType<typeof plannedFailure> {
  return address === null || address === 'postmaster' ? null : plannedFailure(address.localpart, stage);
}

function isPlanned(address: Sender['from'] | 'postmaster', stage: Stage): boolean {
  return failureOf(address, stage) !== null;
}

/** Takes the content as `handler` does, and fails in place of its end. */
function failingAtEnd(handler: DataHandler, fail: () => Maybe<never> | undefined): DataHandler {
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
