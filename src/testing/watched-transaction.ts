import { StrayAwait, type Sql, type SqlValue, type Tx } from '#ports/database';

/** Statements of one connection. */
export interface Statements {
  all(statement: Sql): Promise<unknown[]>;
  arrays(statement: Sql): Promise<SqlValue[][]>;
  /** @returns the number of rows changed. */
  run(statement: Sql): Promise<number>;
}

/** Outcome of a body that ended well. */
export interface BodyResult<T> {
  readonly result: T;
  /** To be called after the commit. */
  readonly callbacks: readonly (() => void)[];
}

/**
 * Runs the body of a transaction, which may await its own statements only: when the microtask queue is empty and none of them is under way,
 * it waits for something else. To be called in a microtask. The caller begins before, and commits or rolls back afterwards.
 * @param note  Gets the text of each statement.
 * @throws StrayAwait, or what the body throws.
 */
export async function runBody<T>(
  statements: Statements,
  body: (tx: Tx) => Promise<T>,
  note: (text: string) => void,
): Promise<BodyResult<T>> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const tx = new WatchedTransaction(statements, note, () => reject(strayOf(body)));
  tx.watch();
  body(tx).then(resolve, reject);
  try {
    return { result: await promise, callbacks: tx.callbacks };
  } finally {
    tx.end();
  }
}

class WatchedTransaction implements Tx {
  readonly callbacks: (() => void)[] = [];
  readonly #statements: Statements;
  readonly #note: (text: string) => void;
  readonly #onStray: () => void;
  #isOpen = true;
  #underWay = 0;

  constructor(statements: Statements, note: (text: string) => void, onStray: () => void) {
    this.#statements = statements;
    this.#note = note;
    this.#onStray = onStray;
  }

  /** Looks, once the microtask queue is empty, at what the body waits for. To be called in a microtask. */
  watch(): void {
    process.nextTick(() => {
      if (!this.#isOpen || this.#underWay > 0) return;
      this.#isOpen = false;
      this.#onStray();
    });
  }

  /** Ends it: no statement runs any more. */
  end(): void {
    this.#isOpen = false;
  }

  all<Row>(statement: Sql): Promise<Row[]> {
    return this.#own(statement, async () => (await this.#statements.all(statement)) as Row[]);
  }

  get<Row>(statement: Sql): Promise<Row | undefined> {
    return this.#own(statement, async () => (await this.#statements.all(statement))[0] as Row | undefined);
  }

  arrays(statement: Sql): Promise<SqlValue[][]> {
    return this.#own(statement, () => this.#statements.arrays(statement));
  }

  run(statement: Sql): Promise<number> {
    return this.#own(statement, () => this.#statements.run(statement));
  }

  afterCommit(fn: () => void): void {
    this.#check();
    this.callbacks.push(fn);
  }

  async #own<T>({ text }: Sql, run: () => Promise<T>): Promise<T> {
    this.#check();
    this.#note(text);
    this.#underWay += 1;
    try {
      return await run();
    } finally {
      this.#underWay -= 1;
      this.watch();
    }
  }

  #check(): void {
    if (!this.#isOpen) throw new StrayAwait('statement after the end of its transaction');
  }
}

function strayOf(body: (tx: Tx) => Promise<unknown>): StrayAwait {
  const text = Function.prototype.toString.call(body).replace(/\s+/g, ' ').slice(0, 200);
  return new StrayAwait(`a transaction awaited something other than its own statements: ${text}`);
}
