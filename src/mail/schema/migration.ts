/** One numbered step of a schema, applied once and in order. */
export interface Migration {
  /** From 1, without gaps within one list. */
  readonly version: number;
  /** Statements separated by semicolons. */
  readonly sql: string;
}
