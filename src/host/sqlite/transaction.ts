import { StrayAwait, type Sql, type SqlValue, type Tx } from '#ports/database';
import type { Connection } from './connection.ts';

/**
 * What a body gets: statements run at once and answer with settled promises, so that a well-behaved body ends within one
 * draining of the microtask queue. After its end, or after a stray await, every statement throws.
 */
export class Transaction implements Tx {
  readonly #connection: Connection;
  #isOpen = true;
  #afterCommit: (() => void)[] | null = null;
  readonly #onStray: () => void;

  constructor(connection: Connection, onStray: () => void) {
    this.#connection = connection;
    this.#onStray = onStray;
  }

  /** Called by the alarm when the microtask queue ran empty. */
  tick(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#onStray();
  }

  /** Ends it: no statement runs any more. @returns false when it had ended before. */
  end(): boolean {
    const wasOpen = this.#isOpen;
    this.#isOpen = false;
    return wasOpen;
  }

  /** The calls to make once the commit is durable, null when none. */
  get callbacks(): readonly (() => void)[] | null {
    return this.#afterCommit;
  }

  async all<Row>(statement: Sql): Promise<Row[]> {
    this.#check();
    return this.#connection.all(statement) as Row[];
  }

  async get<Row>(statement: Sql): Promise<Row | undefined> {
    this.#check();
    return this.#connection.get(statement) as Row | undefined;
  }

  async arrays(statement: Sql): Promise<SqlValue[][]> {
    this.#check();
    return this.#connection.arrays(statement) as SqlValue[][];
  }

  async run(statement: Sql): Promise<number> {
    this.#check();
    return this.#connection.run(statement);
  }

  afterCommit(fn: () => void): void {
    this.#check();
    (this.#afterCommit ??= []).push(fn);
  }

  #check(): void {
    if (!this.#isOpen) throw new StrayAwait('statement after the end of its transaction');
  }
}

/**
 * The alarm of one database. A tick runs when the microtask queue is empty, so if a transaction is open then, its body awaited
 * something foreign. One tick serves all transactions that begin and end before it runs.
 */
export class StrayAlarm {
  #watched: Transaction | null = null;
  #isSet = false;

  /** Watches the transaction that begins now; call it in a microtask, never in a tick, which would ring at once. */
  watch(transaction: Transaction): void {
    this.#watched = transaction;
    if (this.#isSet) return;
    this.#isSet = true;
    process.nextTick(ring, this);
  }

  /** Called by the tick. */
  ring(): void {
    this.#isSet = false;
    const watched = this.#watched;
    this.#watched = null;
    watched?.tick();
  }
}

function ring(alarm: StrayAlarm): void {
  alarm.ring();
}
