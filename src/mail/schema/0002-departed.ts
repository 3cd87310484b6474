import type { Dialect } from './dialect.ts';
import type { Migration } from './migration.ts';

/** Mail that is in no mailbox any more, so that "it never arrived" has an answer. */
export function departed0002({ integer, keyedTail }: Dialect): Migration {
  return {
    version: 2,
    sql: `
-- What is remembered of received mail whose last place went. In the order of time, so that it is written at the end and forgotten at the beginning.
-- email: the id that it had.
CREATE TABLE departed (
  account ${integer} NOT NULL,
  gone_ms ${integer} NOT NULL,
  email ${integer} NOT NULL,
  message_id TEXT,
  size_bytes ${integer} NOT NULL,
  received_ms ${integer} NOT NULL,
  remote_ip TEXT,
  mail_from TEXT NOT NULL,
  rcpt_to TEXT,
  validation TEXT,
  PRIMARY KEY (account, gone_ms, email)
)${keyedTail};
`,
  };
}
