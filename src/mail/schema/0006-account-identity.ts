import type { Dialect } from './dialect.ts';
import type { Migration } from './migration.ts';

/** Records whose data an account's database holds, so that lost or swapped data is noticed. */
export function accountIdentity0006({ integer, keyedTail }: Dialect): Migration {
  return {
    version: 6,
    sql: `
-- One row. server: identity of the server (server_identity). adopted_ms: when an operator took the data over; null when it was made here.
CREATE TABLE account_identity (
  account ${integer} NOT NULL,
  server TEXT NOT NULL,
  name TEXT NOT NULL,
  adopted_ms ${integer},
  PRIMARY KEY (account)
)${keyedTail};
`,
  };
}
