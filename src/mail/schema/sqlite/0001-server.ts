import type { Migration } from '../migration.ts';

/** Accounts, their secrets, secrets of the server, and what it knows about TLS of other servers. */
export const server0001: Migration = {
  version: 1,
  sql: `
-- Ids are never used twice: they name database files and blob directories.
CREATE TABLE account (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX account_name ON account (name);

-- What proves an account's password; see auth/derive.ts for each form.
CREATE TABLE credential (
  account INTEGER PRIMARY KEY,
  changed_ms INTEGER NOT NULL,
  password_hash TEXT NOT NULL,
  scram_sha1 TEXT NOT NULL,
  scram_sha256 TEXT NOT NULL,
  cram_md5 BLOB
) STRICT;

-- Public keys of TLS client certificates (SHA-256 of SubjectPublicKeyInfo) and whom they stand for.
CREATE TABLE client_key (
  fingerprint BLOB NOT NULL PRIMARY KEY,
  account INTEGER NOT NULL,
  login TEXT NOT NULL,
  label TEXT NOT NULL,
  created_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX client_key_account ON client_key (account);

CREATE TABLE server_secret (
  name TEXT NOT NULL PRIMARY KEY,
  value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Policies of MTA-STS by the domain that publishes them: the file as it was understood, and the id of the TXT record that led to it. failed_*: why
-- the last fetch brought nothing. used_ms: last delivery, to the day. refresh_ms: when to fetch anew. expires_ms: when the row counts no more.
CREATE TABLE mta_sts_policy (
  domain TEXT NOT NULL PRIMARY KEY,
  policy_id TEXT,
  policy TEXT,
  fetched_ms INTEGER,
  failed_id TEXT,
  failed_ms INTEGER,
  failed_result TEXT,
  failed_reason TEXT,
  used_ms INTEGER NOT NULL,
  refresh_ms INTEGER,
  expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX mta_sts_policy_refresh ON mta_sts_policy (refresh_ms) WHERE refresh_ms IS NOT NULL;
CREATE INDEX mta_sts_policy_expires ON mta_sts_policy (expires_ms);

-- How TLS went with other servers, for reports (RFC 8460): per UTC day, domain of the policy and distinct fact (JSON; fact_key is its hash),
-- the number of sessions.
CREATE TABLE tls_result (
  day_ms INTEGER NOT NULL,
  domain TEXT NOT NULL,
  fact_key TEXT NOT NULL,
  fact TEXT NOT NULL,
  sessions INTEGER NOT NULL,
  PRIMARY KEY (day_ms, domain, fact_key)
) STRICT, WITHOUT ROWID;
`,
};
