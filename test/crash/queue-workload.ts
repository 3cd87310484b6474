import { writeAddress } from '#lib/address';
import { setImmediate as turn } from 'node:timers/promises';
import { addressOf } from '#testing/address';
import type { Account } from '#mail/accounts';
import { Notify, type DeliveryOutcome, type Transmitter } from '#mail/queue';
import { placeInQueue } from '#mail/content';
import { deferred, delivered, refused } from '#testing/queue-world';
import { hashOf, type Ledger, type Queued } from './ledger.ts';
import { receive, type Letter } from './messages.ts';
import type { Store } from './store.ts';

/** Dependencies of `QueueWorkload`. */
export interface QueueWorkloadDeps {
  readonly store: Store;
  readonly ledger: Ledger;
  readonly random: () => number;
  /** A message that no other is like. */
  readonly letter: () => Letter;
  /** Of `WorkloadDeps`. */
  readonly session: number;
}

/** A submission that waits for its time. */
interface Recallable {
  readonly submission: number;
  readonly account: Account;
  readonly queued: readonly Queued[];
}

/** Time in ms for which some messages wait. */
const heldMs = 60_000;

/** Operations of senders, operators and remote hosts on the queue. */
export class QueueWorkload {
  readonly #store: Store;
  readonly #ledger: Ledger;
  readonly #random: () => number;
  readonly #letter: () => Letter;
  readonly #busy = new Set<Queued>();
  readonly #recallable: Recallable[] = [];
  #enqueued: number;
  /** Violations found. */
  readonly failures: string[] = [];

  constructor({ store, ledger, random, letter, session }: QueueWorkloadDeps) {
    this.#store = store;
    this.#ledger = ledger;
    this.#random = random;
    this.#letter = letter;
    this.#enqueued = session * 10_000;
  }

  /** Submits a message to one to three recipients, some of them suppressed. */
  async enqueue(account: Account): Promise<void> {
    const { blobs, clock, queue, submissions } = this.#store;
    const letter = this.#letter();
    const notify = [0, 0, Notify.Never, Notify.Success | Notify.Failure][this.#below(4)] ?? 0;
    const recipients = Array.from({ length: 1 + this.#below(3) }, () => this.#newAddress(account.name));
    const received = await receive(blobs, letter);
    await using _writer = received.writer;
    const body = await placeInQueue(blobs, received.body);
    const queued = recipients.map((address): Queued => {
      const isSuppressed = suppressors(account.name, address).some((key) => this.#ledger.suppressed.get(key) === true);
      const facts = { address, account: account.name, hash: letter.hash, notify, isSuppressed };
      const start = { isAcknowledged: false, outcomes: [], begun: [], isHeld: false, end: null, attempts: 0 };
      return { ...facts, ...start };
    });
    for (const one of queued) this.#ledger.queued.set(one.address, one);
    // Some wait for their time, so that they can be taken back.
    const holdUntilMs = this.#random() < 0.4 ? clock.now() + heldMs : null;
    let submission = 0;
    const message = {
      account: account.id,
      sender: addressOf(`${account.name}@example.org`),
      recipients: recipients.map((address) => ({ address: addressOf(address), notify })),
      prefix: letter.prefix,
      body,
      has8bit: false,
      smtputf8: false,
      messageId: `<${letter.hash}@example.org>`,
      holdUntilMs,
    };
    await queue.enqueue(message, 'common', async (tx, id) => {
      const sendAtMs = holdUntilMs ?? clock.now();
      const facts = { account: account.id, identity: 'I1', email: 1, thread: 1, envelope: '{}', sendAtMs };
      submission = (await submissions.recordIn(tx, id, facts)).id;
    });
    for (const one of queued) one.isAcknowledged = true;
    if (holdUntilMs !== null) this.#recallable.push({ submission, account, queued });
  }

  /** Takes back a message that waits for its time, as its sender may. */
  async #recall({ submission, account, queued }: Recallable): Promise<void> {
    const { queue, submissions } = this.#store;
    for (const one of queued) {
      this.#busy.add(one);
      one.begun.push('drop');
    }
    const { kind } = await submissions.cancel(account.id, submission, (tx, message) => queue.recallIn(tx, message));
    for (const one of queued) {
      // Who was suppressed at that moment, as may be, had failed already.
      const mayBeSuppressed = suppressors(one.account, one.address).some((key) => this.#ledger.suppressed.has(key));
      if (kind === 'canceled' && !mayBeSuppressed && one.end === null) one.end = 'dropped';
      this.#busy.delete(one);
    }
  }

  /** Does what an operator may do to a recipient that waits, or to its address; or what the sender of a message may. */
  async operate(account: Account): Promise<void> {
    const last = this.#recallable.at(-1);
    if (last !== undefined && this.#random() < 0.3 && !last.queued.some((one) => this.#busy.has(one))) {
      this.#recallable.pop();
      await this.#recall(last);
      return;
    }
    const idle = [...this.#ledger.queued.values()].filter((one) => one.end === null && !this.#busy.has(one));
    // Only who waits can be held, dropped or given up.
    const waiting = idle.filter(({ outcomes, isHeld }) => outcomes.at(-1) === 'deferred' || isHeld === true);
    const choice = waiting.length > 0 && this.#random() < 0.8 ? waiting : idle;
    const one = choice[this.#below(choice.length)];
    if (one === undefined) return;
    this.#busy.add(one);
    const filter = { recipient: one.address };
    const { queue, suppressions } = this.#store;
    const dice = this.#random();
    if (dice < 0.3) await this.#hold(one, true);
    else if (dice < 0.55) await this.#hold(one, false);
    else if (dice < 0.65) {
      one.begun.push('drop');
      if ((await queue.drop(filter)) > 0) one.end = 'dropped';
    } else if (dice < 0.75) {
      one.begun.push('fail');
      if ((await queue.fail(filter)) > 0) one.end = 'failed';
    } else if (dice < 0.9) await queue.kick(filter);
    else {
      const address = one.address.replace(/\+[^@]*/, '');
      const key = suppressible(account.name, address);
      this.#ledger.suppressed.set(key, this.#ledger.suppressed.get(key) ?? false);
      await suppressions.add({ account: account.id, address, source: 'operator', reason: 'no', message: null });
      this.#ledger.suppressed.set(key, true);
    }
    this.#busy.delete(one);
  }

  /** Reads the queue as an operator does: ends and attempts that are durable then are promises. */
  async look(): Promise<void> {
    const { queue, databases, suppressions, accounts } = this.#store;
    const names = new Map((await accounts.list()).map(({ id, name }) => [id, name]));
    const [items, { items: suppressed }] = await Promise.all([queue.list({}, 500), suppressions.list()]);
    await databases.server.durable();
    for (const { recipient, state, attempts } of items) {
      const one = this.#ledger.queued.get(recipient);
      if (one === undefined) continue;
      if (state !== 'queued' && state !== 'leased') one.end = state;
      one.attempts = Math.max(one.attempts, attempts);
    }
    for (const { account, address } of suppressed)
      this.#ledger.suppressed.set(suppressible(names.get(account) ?? '', address), true);
  }

  /** The hosts that the queue talks to: they take, refuse or put off, after a while. */
  remote(): Transmitter {
    return {
      transmit: async ({ recipients, content }) => {
        const hash = hashOf(await content.bytes(0, content.sizeBytes));
        for (let turns = this.#below(5); turns > 0; turns -= 1) await turn();
        return recipients.map((recipient): DeliveryOutcome => {
          const address = writeAddress(recipient.address);
          const queued = this.#ledger.queued.get(address);
          if (queued?.hash !== hash) this.failures.push(`${address} was sent other bytes than were queued`);
          if (queued?.isSuppressed === true) this.failures.push(`${address} was sent to although it is suppressed`);
          if (queued !== undefined && queued.end !== null)
            this.failures.push(`${address} was sent to although it is ${queued.end}`);
          const outcome = [delivered, delivered, deferred, refused][this.#below(4)] ?? delivered;
          queued?.outcomes.push(outcome.kind);
          if (outcome.kind === 'refused' && queued !== undefined) {
            const key = suppressible(queued.account, address);
            this.#ledger.suppressed.set(key, this.#ledger.suppressed.get(key) ?? false);
          }
          return outcome;
        });
      },
    };
  }

  async #hold(one: Queued, hold: boolean): Promise<void> {
    const before = one.isHeld;
    one.isHeld = null;
    const changed = await this.#store.queue.hold({ recipient: one.address }, hold);
    one.isHeld = changed > 0 ? hold : before;
  }

  /** Some are extensions of addresses that are suppressed, or soon may be. */
  #newAddress(account: string): string {
    this.#enqueued += 1;
    const known = [...this.#ledger.suppressed.keys()].filter((key) => key.startsWith(`${account} `));
    const base = this.#random() < 0.25 ? known[this.#below(known.length)]?.split(' ')[1] : undefined;
    return base === undefined ? `r${this.#enqueued}@far.example` : base.replace('@', `+${this.#enqueued}@`);
  }

  #below(end: number): number {
    return Math.floor(this.#random() * end);
  }
}

/** Returns the subject of a suppression: an account and an address. */
export function suppressible(account: string, address: string): string {
  return `${account} ${address}`;
}

/** Returns the entries that suppress an address: the address itself, and the address without its plus detail. */
export function suppressors(account: string, address: string): readonly string[] {
  return [suppressible(account, address), suppressible(account, address.replace(/\+[^@]*/, ''))];
}
