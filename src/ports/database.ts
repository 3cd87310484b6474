import type { AccountId } from '#lib/ids';

/** A value that can be bound to a statement. Booleans are stored as 0 and 1. */
export type SqlValue = string | number | bigint | null | Uint8Array | boolean;

/** One statement with its bound values; made by the `sql` tag only. */
export interface Sql {
  /** Text with `?` for each value; the same object for the same call site when no fragment was nested. */
  readonly text: string;
  readonly values: readonly SqlValue[];
}

const texts = new WeakMap<TemplateStringsArray, string>();

/**
 * The only way to make a statement: every interpolated value is bound, never spliced, except a nested `sql` fragment.
 * Statements are written so that SQLite and PostgreSQL both accept them.
 */
export function sql(strings: TemplateStringsArray, ...values: readonly (SqlValue | Sql)[]): Sql {
  if (!values.some(isSql)) {
    let text = texts.get(strings);
    if (text === undefined) {
      text = strings.join('?');
      texts.set(strings, text);
    }
    return { text, values: values as readonly SqlValue[] };
  }
  let text = strings[0] ?? '';
  const bound: SqlValue[] = [];
  values.forEach((value, i) => {
    if (isSql(value)) {
      text += value.text;
      bound.push(...value.values);
    } else {
      text += '?';
      bound.push(value);
    }
    text += strings[i + 1] ?? '';
  });
  return { text, values: bound };
}

function isSql(value: SqlValue | Sql): value is Sql {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
}

/** Reads within one snapshot. Integers come back as numbers, blobs as Uint8Array. */
export interface Reader {
  all<Row>(statement: Sql): Promise<Row[]>;
  get<Row>(statement: Sql): Promise<Row | undefined>;
  /** Rows as arrays in column order: several times cheaper than objects on long lists. */
  arrays(statement: Sql): Promise<SqlValue[][]>;
}

/** A transaction. It awaits nothing but its own statements (invariant 6). */
export interface Tx extends Reader {
  /** @returns the number of rows changed. */
  run(statement: Sql): Promise<number>;
  /** `fn` runs once after the commit is durable, never when it failed. */
  afterCommit(fn: () => void): void;
}

/**
 * Whose space a write takes: `reserve` is for what frees space or records what has happened already, such as deletions and outcomes of
 * deliveries. It may use the space that is kept back for a full disk, and its body may run twice.
 */
export type WriteSpace = 'common' | 'reserve';

/** One database: the server's, or one account's. Every method may reject with a ConditionError, after which nothing of the transaction is left. */
export interface Database extends AsyncDisposable {
  readonly dialect: 'sqlite' | 'postgres';
  /** Runs `body` on one snapshot. */
  read<T>(body: (reader: Reader) => Promise<T>): Promise<T>;
  /** Serialised and atomic; durable when it resolves (invariant 1). A `body` that awaits anything foreign is rolled back and throws StrayAwait. */
  write<T>(body: (tx: Tx) => Promise<T>, space?: WriteSpace): Promise<T>;
  /** Resolves when everything that a read begun before now could see is durable. Await it before showing what was read to a peer. */
  durable(): Promise<void>;
}

/** Thrown when a transaction's body awaited something other than its own statements. */
export class StrayAwait extends Error {
  override readonly name = 'StrayAwait';
}

/** Thrown for an account's database that should exist and does not, or is empty. */
export class DatabaseMissing extends Error {
  override readonly name = 'DatabaseMissing';
}

/** The shard line: the server's tables and one account's tables never join. */
export interface Databases extends AsyncDisposable {
  readonly server: Database;
  /**
   * Opens the account's database on first use; kept open while in use.
   * @param mustExist  It was made before: without its file every use rejects with DatabaseMissing, and nothing is made anew.
   */
  account(id: AccountId, mustExist?: boolean): Promise<Database>;
  /** Ids of all accounts that have a database which is not empty, known to the server or not. */
  accountIds(): Promise<ReadonlySet<AccountId>>;
  /**
   * Reads a whole database and compares its tables with its indexes, without holding up those who use it.
   * @returns what is damaged, a line each; none when it is whole.
   */
  integrity(id: AccountId | 'server'): Promise<readonly string[]>;
  /**
   * Reads rows of an account's database that is not in use, without opening it for use: no migrations, no locks, and nothing of a log that a crash left. Cheap: for a look at all accounts.
   * @returns null when it is in use, or cannot be read so.
   */
  peek<Row>(id: AccountId, statement: Sql): Promise<readonly Row[] | null>;
  /** Deletes an account's database for good. */
  drop(id: AccountId): Promise<void>;
}
