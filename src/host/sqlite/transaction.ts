import { StrayAwait, type Sql, type SqlValue, type Tx } from '#ports/database';
import type { EventLoop } from '#ports/event-loop';
import type { Connection } from './connection.ts';

/** State that the transactions of one database share. */
export interface TransactionDeps {
  readonly connection: Connection;
  readonly alarm: StrayAlarm;
  readonly loop: EventLoop;
}

/**
 * What a body gets: statements run at once and answer with settled promises, so that a well-behaved body ends within one draining of the
 * microtask queue. Only a long one lets the event loop serve others between two of its statements; it keeps the database meanwhile.
 * After its end, or after a stray await, every statement throws.
 */
export class Transaction implements Tx {
  readonly #deps: TransactionDeps;
  readonly #connection: Connection;
  #isOpen = true;
  #afterCommit: (() => void)[] | null = null;
  readonly #onStray: () => void;
  #changed = 0;
  /** The loop serves others: statements wait for it, in order. */
  #pausing: Promise<void> | null = null;

  constructor(deps: TransactionDeps, onStray: () => void) {
    this.#deps = deps;
    this.#connection = deps.connection;
    this.#onStray = onStray;
  }

  /** Called by the alarm when the microtask queue ran empty. */
  tick(): void {
    if (!this.#isOpen || this.#pausing !== null) return;
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

  /** Rows changed so far by statements that return none. */
  get changed(): number {
    return this.#changed;
  }

  async all<Row>(statement: Sql): Promise<Row[]> {
    const pause = this.#begin();
    if (pause !== null) await this.#waited(pause);
    return this.#connection.all(statement) as Row[];
  }

  async get<Row>(statement: Sql): Promise<Row | undefined> {
    const pause = this.#begin();
    if (pause !== null) await this.#waited(pause);
    return this.#connection.get(statement) as Row | undefined;
  }

  async arrays(statement: Sql): Promise<SqlValue[][]> {
    const pause = this.#begin();
    if (pause !== null) await this.#waited(pause);
    return this.#connection.arrays(statement) as SqlValue[][];
  }

  async run(statement: Sql): Promise<number> {
    const pause = this.#begin();
    if (pause !== null) await this.#waited(pause);
    const changed = this.#connection.run(statement);
    this.#changed += changed;
    return changed;
  }

  afterCommit(fn: () => void): void {
    this.#check();
    (this.#afterCommit ??= []).push(fn);
  }

  /** To be called before each statement. @returns what to wait for first. */
  #begin(): Promise<void> | null {
    this.#check();
    if (this.#pausing !== null) return this.#pausing;
    const pause = this.#deps.loop.pause();
    if (pause !== null) this.#pausing = this.#resume(pause);
    return this.#pausing;
  }

  async #resume(pause: Promise<void>): Promise<void> {
    await pause;
    this.#pausing = null;
    // The body may have failed meanwhile, and the database belong to others.
    if (this.#isOpen) this.#deps.alarm.watch(this);
  }

  async #waited(pause: Promise<void>): Promise<void> {
    await pause;
    this.#check();
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
