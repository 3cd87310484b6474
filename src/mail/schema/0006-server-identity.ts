import type { Dialect } from './dialect.ts';
import type { Migration } from './migration.ts';

/** The identity of this server, and the accounts that were removed for good. States of accounts are in #mail/accounts. */
export function serverIdentity0006({ integer, keyedTail, randomText }: Dialect): Migration {
  return {
    version: 6,
    sql: `
-- One row, made once: 128 random bits in hexadecimal.
CREATE TABLE server_identity (
  server TEXT NOT NULL PRIMARY KEY
)${keyedTail};
INSERT INTO server_identity (server) VALUES (${randomText});

-- Ids of accounts that an operator removed: only their left-over blobs may be deleted.
CREATE TABLE removed_account (
  account ${integer} NOT NULL PRIMARY KEY
)${keyedTail};
`,
  };
}
