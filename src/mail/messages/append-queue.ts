import type { Appended, NewMessage, Target } from './message.ts';

/** One caller's messages, waiting for a transaction. */
interface Waiting {
  readonly target: Target;
  readonly messages: readonly NewMessage[];
  readonly done: PromiseWithResolvers<Appended>;
}

/** Messages in one transaction at the most, so that the event loop and the log are served in between. */
const maxBatch = 64;

/**
 * Joins appends to one mailbox that come while an earlier transaction is still being made durable: they would have to wait for its flush anyway,
 * and together they touch the mailbox, its counters and the log once. Order is kept. A batch that fails is done again one by one,
 * so that no message fails for another's.
 */
export class AppendQueue {
  readonly #write: (target: Target, messages: readonly NewMessage[]) => Promise<Appended>;
  #waiting: Waiting[] = [];
  #isRunning = false;

  /** @param write  One durable transaction. */
  constructor(write: (target: Target, messages: readonly NewMessage[]) => Promise<Appended>) {
    this.#write = write;
  }

  /** Adds messages, all or nothing; durable when it resolves. */
  append(target: Target, messages: readonly NewMessage[]): Promise<Appended> {
    const done = Promise.withResolvers<Appended>();
    this.#waiting.push({ target, messages, done });
    if (!this.#isRunning) void this.#run();
    return done.promise;
  }

  /** Never rejects: every failure goes to its caller. */
  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) {
      const batch = this.#take();
      if (batch.length === 1) await this.#each(batch);
      else await this.#together(batch).catch(() => this.#each(batch));
    }
    this.#isRunning = false;
  }

  /** The first, and those right behind it that go to the same mailbox. */
  #take(): Waiting[] {
    const [first] = this.#waiting;
    let count = 0;
    let messages = 0;
    for (const { target, messages: some } of this.#waiting) {
      if (first === undefined || !isSame(first.target, target)) break;
      messages += some.length;
      if (count > 0 && messages > maxBatch) break;
      count += 1;
    }
    return this.#waiting.splice(0, count);
  }

  async #together(batch: readonly Waiting[]): Promise<void> {
    const [first] = batch;
    if (first === undefined) return;
    const appended = await this.#write(
      first.target,
      batch.flatMap(({ messages }) => messages),
    );
    let at = 0;
    for (const { messages, done } of batch) {
      done.resolve(part(appended, at, at + messages.length));
      at += messages.length;
    }
  }

  async #each(batch: readonly Waiting[]): Promise<void> {
    for (const { target, messages, done } of batch) {
      await this.#write(target, messages).then(done.resolve, done.reject);
    }
  }
}

function isSame(a: Target, b: Target): boolean {
  return 'id' in a ? 'id' in b && a.id === b.id : 'name' in b && a.name === b.name;
}

function part({ mailbox, uidValidity, modSeq, uids, ids }: Appended, from: number, to: number): Appended {
  return { mailbox, uidValidity, modSeq, uids: uids.slice(from, to), ids: ids.slice(from, to) };
}
