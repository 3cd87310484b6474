import type { Dialect } from './dialect.ts';
import type { Migration } from './migration.ts';

/** Identities that users made, or changed (RFC 8621 §6). The others follow from the configuration. */
export function identities0012({ integer, accountKey, tail }: Dialect): Migration {
  return {
    version: 12,
    sql: `
-- address: the configured address whose identity it changes, null for one that a user made. reply_to, bcc: JSON, null for none. expunged: 1 once it is gone.
CREATE TABLE identity (
  account ${integer} NOT NULL,
  ${accountKey.column},
  address TEXT,
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  reply_to TEXT,
  bcc TEXT,
  text_signature TEXT NOT NULL,
  html_signature TEXT NOT NULL,
  create_modseq ${integer} NOT NULL,
  modseq ${integer} NOT NULL,
  expunged ${integer} NOT NULL${accountKey.constraint}
)${tail};
CREATE UNIQUE INDEX identity_address ON identity (account, address) WHERE address IS NOT NULL;
CREATE INDEX identity_changed ON identity (account, modseq);
`,
  };
}
