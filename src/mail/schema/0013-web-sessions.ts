import type { Dialect } from './dialect.ts';
import type { Migration } from './migration.ts';

/** Sessions of pages, each proved by a token that the client has. */
export function webSessions0013({ key, integer, bytes, tail }: Dialect): Migration {
  return {
    version: 13,
    sql: `
-- login: the name that was used. digest: SHA-256 of the token. device: of the User-Agent field. last_*: to the minute.
CREATE TABLE web_session (
  id ${key},
  account ${integer} NOT NULL,
  login TEXT NOT NULL,
  digest ${bytes} NOT NULL,
  device TEXT NOT NULL,
  created_ms ${integer} NOT NULL,
  last_used_ms ${integer} NOT NULL,
  last_address TEXT NOT NULL
)${tail};
CREATE UNIQUE INDEX web_session_digest ON web_session (digest);
CREATE INDEX web_session_account ON web_session (account, id);
`,
  };
}
