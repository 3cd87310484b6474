import type { Dialect } from './dialect.ts';
import type { Migration } from './migration.ts';

/** Passwords of single programs, beside the one of their account. */
export function appPasswords0010({ key, integer, bytes, tail }: Dialect): Migration {
  return {
    version: 10,
    sql: `
-- scopes: words with a space between ('mail', 'read-only', 'send'). expires_ms: null for never. digest: SHA-256 of the password, which is
-- random and long. SCRAM keys as in credential, with the salts of the account's own. last_*: the last login, null before the first.
CREATE TABLE app_password (
  id ${key},
  account ${integer} NOT NULL,
  name TEXT NOT NULL,
  scopes TEXT NOT NULL,
  created_ms ${integer} NOT NULL,
  expires_ms ${integer},
  digest ${bytes} NOT NULL,
  scram_sha1 TEXT NOT NULL,
  scram_sha256 TEXT NOT NULL,
  cram_md5 ${bytes} NOT NULL,
  last_used_ms ${integer},
  last_used_protocol TEXT,
  last_used_address TEXT
)${tail};
CREATE UNIQUE INDEX app_password_name ON app_password (account, name);
`,
  };
}
