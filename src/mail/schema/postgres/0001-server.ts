import type { Migration } from '../migration.ts';

/** Accounts, their secrets, secrets of the server, and what it knows about TLS of other servers. */
export const server0001: Migration = {
  version: 1,
  sql: `
-- Ids are never used twice: they name database files and blob directories.
CREATE TABLE account (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  name TEXT NOT NULL,
  state TEXT NOT NULL,
  created_ms BIGINT NOT NULL
);
CREATE UNIQUE INDEX account_name ON account (name);

-- What proves an account's password; see auth/derive.ts for each form.
CREATE TABLE credential (
  account BIGINT PRIMARY KEY,
  changed_ms BIGINT NOT NULL,
  password_hash TEXT NOT NULL,
  scram_sha1 TEXT NOT NULL,
  scram_sha256 TEXT NOT NULL,
  cram_md5 BYTEA
);

-- Public keys of TLS client certificates (SHA-256 of SubjectPublicKeyInfo) and whom they stand for.
CREATE TABLE client_key (
  fingerprint BYTEA NOT NULL PRIMARY KEY,
  account BIGINT NOT NULL,
  login TEXT NOT NULL,
  label TEXT NOT NULL,
  created_ms BIGINT NOT NULL
);
CREATE INDEX client_key_account ON client_key (account);

CREATE TABLE server_secret (
  name TEXT NOT NULL PRIMARY KEY,
  value BYTEA NOT NULL
);

-- Policies of MTA-STS by the domain that publishes them: the file as it was understood, and the id of the TXT record that led to it. failed_*: why
-- the last fetch brought nothing. used_ms: last delivery, to the day. refresh_ms: when to fetch anew. expires_ms: when the row counts no more.
CREATE TABLE mta_sts_policy (
  domain TEXT NOT NULL PRIMARY KEY,
  policy_id TEXT,
  policy TEXT,
  fetched_ms BIGINT,
  failed_id TEXT,
  failed_ms BIGINT,
  failed_result TEXT,
  failed_reason TEXT,
  used_ms BIGINT NOT NULL,
  refresh_ms BIGINT,
  expires_ms BIGINT NOT NULL
);
CREATE INDEX mta_sts_policy_refresh ON mta_sts_policy (refresh_ms) WHERE refresh_ms IS NOT NULL;
CREATE INDEX mta_sts_policy_expires ON mta_sts_policy (expires_ms);

-- How TLS went with other servers, for reports (RFC 8460): per UTC day, domain of the policy and distinct fact (JSON; fact_key is its hash),
-- the number of sessions.
CREATE TABLE tls_result (
  day_ms BIGINT NOT NULL,
  domain TEXT NOT NULL,
  fact_key TEXT NOT NULL,
  fact TEXT NOT NULL,
  sessions BIGINT NOT NULL,
  PRIMARY KEY (day_ms, domain, fact_key)
);
`,
};
