import type { Dialect } from './dialect.ts';
import type { Migration } from './migration.ts';

/** Lets an operator give an account an id, after which no new account gets that id or a smaller one. SQLite has done so from the beginning. */
export function accountIds0009({ givenKey }: Dialect): Migration {
  return { version: 9, sql: givenKey('account') };
}
