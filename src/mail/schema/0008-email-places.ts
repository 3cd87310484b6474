import type { Dialect } from './dialect.ts';
import type { Migration } from './migration.ts';

/** The number of places of each email, out of its wide row; and emails whose rows and bytes are still to be removed. */
export function emailPlaces0008({ integer, keyedTail }: Dialect): Migration {
  return {
    version: 8,
    sql: `
-- Emails with several places: how many there are beyond the first. An email with one place has no row. email.refs is 1 from now on, and not read.
CREATE TABLE shared_email (
  account ${integer} NOT NULL,
  id ${integer} NOT NULL,
  copies ${integer} NOT NULL,
  PRIMARY KEY (account, id)
)${keyedTail};
INSERT INTO shared_email (account, id, copies) SELECT account, id, refs - 1 FROM email WHERE refs > 1;

-- Emails whose last place is gone, and since when. Their description, bytes and blob are removed in the background.
CREATE TABLE expunged_email (
  account ${integer} NOT NULL,
  id ${integer} NOT NULL,
  gone_ms ${integer} NOT NULL,
  PRIMARY KEY (account, id)
)${keyedTail};
`,
  };
}
