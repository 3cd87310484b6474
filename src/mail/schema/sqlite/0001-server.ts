import type { Migration } from '../migration.ts';

/** Accounts, their secrets, and secrets of the server. */
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
`,
};
