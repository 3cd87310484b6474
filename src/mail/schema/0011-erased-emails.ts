import type { Dialect } from './dialect.ts';
import type { Migration } from './migration.ts';

/** The threads of emails that are gone, for changes of threads (RFC 8621 §3.2). */
export function erasedEmails0011({ integer, keyedTail }: Dialect): Migration {
  return {
    version: 11,
    sql: `
-- Threads of emails whose rows were erased; tombstones name such emails. Emails that were erased before version 11 are not here.
CREATE TABLE erased_email (
  account ${integer} NOT NULL,
  id ${integer} NOT NULL,
  thread ${integer} NOT NULL,
  PRIMARY KEY (account, id)
)${keyedTail};
`,
  };
}
