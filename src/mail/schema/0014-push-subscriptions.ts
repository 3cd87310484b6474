import type { Dialect } from './dialect.ts';
import type { Migration } from './migration.ts';

/** URLs to which changes are pushed (RFC 8620 §7.2), of all accounts: a server that starts finds them without opening one. */
export function pushSubscriptions0014({ key, integer, bytes, tail }: Dialect): Migration {
  return {
    version: 14,
    sql: `
-- login, proof, until_ms: the credentials that made it and with which it ends. types: JSON array, null for all. pushed: states that the client has, as
-- they were last pushed.
CREATE TABLE push_subscription (
  id ${key},
  account ${integer} NOT NULL,
  login TEXT NOT NULL,
  proof TEXT,
  until_ms ${integer},
  device_client_id TEXT NOT NULL,
  url TEXT NOT NULL,
  p256dh ${bytes},
  auth ${bytes},
  verification_code TEXT NOT NULL,
  is_verified ${integer} NOT NULL,
  expires_ms ${integer} NOT NULL,
  types TEXT,
  pushed TEXT NOT NULL
)${tail};
CREATE INDEX push_subscription_account ON push_subscription (account, id);
`,
  };
}
