import type { Database, Databases, Reader, Tx } from '#ports/database';
import type { EventLoop } from '#ports/event-loop';

/**
 * An event loop that counts work instead of time: rows and statements of `countingDatabase`, and what a test adds with `work`. It knows the longest
 * run of work in which no other connection could have been served, whether it ended with a pause or by waiting for the world.
 */
export class FakeLoop implements EventLoop {
  readonly #sliceUnits: number;
  #units = 0;
  #isWatching = false;
  /** Most units of work in one run. */
  longest = 0;
  /** Pauses that were given. */
  pauses = 0;

  /** @param sliceUnits  Work after which a pause is given; with 0 each question gets one. */
  constructor(sliceUnits = 0) {
    this.#sliceUnits = sliceUnits;
  }

  /** Counts work. */
  work(units: number): void {
    this.#units += units;
    if (this.#units > this.longest) this.longest = this.#units;
    if (this.#isWatching) return;
    this.#isWatching = true;
    // A turn of the loop ended: others were served, whatever the work waited for.
    setImmediate(() => {
      this.#isWatching = false;
      this.#units = 0;
    });
  }

  pause(): Promise<void> | null {
    return this.#units < this.#sliceUnits ? null : this.#pause();
  }

  beginSlice(): Promise<void> | null {
    return this.#units === 0 && this.#sliceUnits > 0 ? null : this.#pause();
  }

  #pause(): Promise<void> {
    this.pauses += 1;
    this.#units = 0;
    return new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** Counts a unit of work for each statement and each row that it returns or changes. */
export function countingDatabase(db: Database, loop: FakeLoop): Database {
  const reader = (inner: Reader): Reader => ({
    all: (statement) => counted(inner.all(statement), (rows) => rows.length),
    get: (statement) => counted(inner.get(statement), () => 1),
    arrays: (statement) => counted(inner.arrays(statement), (rows) => rows.length),
  });
  const counted = async <T>(answer: Promise<T>, rows: (value: T) => number): Promise<T> => {
    const value = await answer;
    loop.work(1 + rows(value));
    return value;
  };
  const tx = (inner: Tx): Tx => ({
    ...reader(inner),
    run: (statement) => counted(inner.run(statement), (changed) => changed),
    afterCommit: (fn) => inner.afterCommit(fn),
  });
  return {
    dialect: db.dialect,
    read: (body) => db.read((inner) => body(reader(inner))),
    write: (body, space) => db.write((inner) => body(tx(inner)), space),
    durable: () => db.durable(),
    [Symbol.asyncDispose]: () => db[Symbol.asyncDispose](),
  };
}

/** `countingDatabase` for all databases of a server. */
export function countingDatabases(databases: Databases, loop: FakeLoop): Databases {
  const server = countingDatabase(databases.server, loop);
  const accounts = new WeakMap<Database, Database>();
  return {
    server,
    account: async (id, mustExist) => {
      const inner = await databases.account(id, mustExist);
      const counting = accounts.get(inner) ?? countingDatabase(inner, loop);
      accounts.set(inner, counting);
      return counting;
    },
    accountIds: () => databases.accountIds(),
    integrity: (id) => databases.integrity(id),
    peek: (id, statement) => databases.peek(id, statement),
    drop: (id) => databases.drop(id),
    [Symbol.asyncDispose]: () => databases[Symbol.asyncDispose](),
  };
}
