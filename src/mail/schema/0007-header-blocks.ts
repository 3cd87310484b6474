import type { Dialect } from './dialect.ts';
import type { Migration } from './migration.ts';

/** Header fields of many messages at once, for lists and searches. */
export function headerBlocks0007({ integer, bytes, keyedTail }: Dialect): Migration {
  return {
    version: 7,
    sql: `
-- A block of messages with consecutive places in a mailbox, one row for each field (#mail/header-cache). It repeats what the messages say,
-- and may go at any time. field: the code of a field, or of what belongs to all. messages: how many there are from first_uid to last_uid.
CREATE TABLE header_block (
  account ${integer} NOT NULL,
  mailbox ${integer} NOT NULL,
  field ${integer} NOT NULL,
  first_uid ${integer} NOT NULL,
  last_uid ${integer} NOT NULL,
  messages ${integer} NOT NULL,
  data ${bytes} NOT NULL,
  PRIMARY KEY (account, mailbox, field, first_uid)
)${keyedTail};
`,
  };
}
