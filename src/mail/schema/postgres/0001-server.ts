import type { Migration } from '../migration.ts';

/** Accounts, their secrets, and secrets of the server. */
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
`,
};
