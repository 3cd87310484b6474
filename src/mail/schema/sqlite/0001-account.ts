import type { Migration } from '../migration.ts';

/** Everything of one account: mailboxes, messages, their bytes, and what is to be done. */
export const account0001: Migration = {
  version: 1,
  sql: `
-- One row: the counters that every write moves. Ids of mailboxes, messages and emails come from next_id and are never used twice.
CREATE TABLE account_state (
  account INTEGER PRIMARY KEY,
  modseq INTEGER NOT NULL,
  next_id INTEGER NOT NULL,
  next_uidvalidity INTEGER NOT NULL
) STRICT;

-- modseq: last change of the mailbox itself; message_modseq: last change of a message in it (HIGHESTMODSEQ).
CREATE TABLE mailbox (
  account INTEGER NOT NULL,
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  special_use TEXT NOT NULL,
  uidvalidity INTEGER NOT NULL,
  uidnext INTEGER NOT NULL,
  create_modseq INTEGER NOT NULL,
  modseq INTEGER NOT NULL,
  message_modseq INTEGER NOT NULL,
  total INTEGER NOT NULL,
  unseen INTEGER NOT NULL,
  deleted INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  deleted_size_bytes INTEGER NOT NULL,
  expunged INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX mailbox_name ON mailbox (account, name) WHERE expunged = 0;
CREATE INDEX mailbox_modseq ON mailbox (account, modseq);

-- Names, not mailboxes: a subscription outlives its mailbox (RFC 9051 §6.3.7).
CREATE TABLE subscription (
  account INTEGER NOT NULL,
  name TEXT NOT NULL,
  PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;

-- mailbox 0 stands for the account (RFC 5464 §1).
CREATE TABLE annotation (
  account INTEGER NOT NULL,
  mailbox INTEGER NOT NULL,
  entry TEXT NOT NULL,
  value BLOB NOT NULL,
  modseq INTEGER NOT NULL,
  PRIMARY KEY (account, mailbox, entry)
) STRICT, WITHOUT ROWID;

-- A place of an email in a mailbox: narrow and in the order of UIDs, because scans for flags read it. create_modseq ascends with the UID,
-- so what is new needs no index; only later changes have one. subject_key is a hash of the base subject.
CREATE TABLE message (
  account INTEGER NOT NULL,
  mailbox INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  id INTEGER NOT NULL,
  email INTEGER NOT NULL,
  modseq INTEGER NOT NULL,
  create_modseq INTEGER NOT NULL,
  flags INTEGER NOT NULL,
  keywords TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  save_ms INTEGER NOT NULL,
  subject_key INTEGER NOT NULL,
  PRIMARY KEY (account, mailbox, uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX message_changed ON message (account, modseq) WHERE modseq <> create_modseq;
CREATE INDEX message_deleted ON message (account, mailbox, uid) WHERE (flags & 8) <> 0;

-- What never changes about a message, shared by its copies; refs counts the message rows that point here.
CREATE TABLE email (
  account INTEGER NOT NULL,
  id INTEGER PRIMARY KEY,
  refs INTEGER NOT NULL,
  thread INTEGER NOT NULL,
  trained INTEGER,
  size_bytes INTEGER NOT NULL,
  header_bytes INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  sent_day_ms INTEGER,
  message_id TEXT,
  base_subject TEXT,
  from_address TEXT,
  from_domain TEXT,
  from_org_domain TEXT,
  remote_ip TEXT,
  remote_mask1 TEXT,
  remote_mask2 TEXT,
  remote_mask3 TEXT,
  helo TEXT,
  mail_from TEXT,
  rcpt_to TEXT,
  validation TEXT,
  preview TEXT,
  prefix BLOB NOT NULL,
  envelope TEXT NOT NULL,
  body TEXT NOT NULL,
  bodystructure TEXT NOT NULL,
  structure TEXT NOT NULL
) STRICT;
CREATE INDEX email_message_id ON email (account, message_id) WHERE message_id IS NOT NULL;

-- The bytes of the email with the same id: here, or in the blob of that name. has_nul: 1 when a NUL is among them, else 0.
CREATE TABLE content (
  account INTEGER NOT NULL,
  id INTEGER PRIMARY KEY,
  size_bytes INTEGER NOT NULL,
  has_nul INTEGER NOT NULL,
  blob_id TEXT,
  bytes BLOB
) STRICT;
CREATE UNIQUE INDEX content_blob ON content (account, blob_id) WHERE blob_id IS NOT NULL;

-- Places that are no more (RFC 7162 §3.2.10.2; JMAP destroyed).
CREATE TABLE tombstone (
  account INTEGER NOT NULL,
  mailbox INTEGER NOT NULL,
  modseq INTEGER NOT NULL,
  uid INTEGER NOT NULL,
  create_modseq INTEGER NOT NULL,
  message INTEGER NOT NULL,
  email INTEGER NOT NULL,
  PRIMARY KEY (account, mailbox, modseq, uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstone_modseq ON tombstone (account, modseq);

-- Blobs whose row is gone, for the sweeper.
CREATE TABLE blob_garbage (
  account INTEGER NOT NULL,
  blob_id TEXT NOT NULL,
  due_ms INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  PRIMARY KEY (account, blob_id)
) STRICT, WITHOUT ROWID;

-- Work that must cross into another database, written in the transaction where it arises.
CREATE TABLE outbox (
  account INTEGER NOT NULL,
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  due_ms INTEGER NOT NULL,
  attempts INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_due ON outbox (account, due_ms);
`,
};
