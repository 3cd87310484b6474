import type { Migration } from '../migration.ts';

/** Everything of one account: mailboxes, messages, their bytes, and what is to be done. */
export const account0001: Migration = {
  version: 1,
  sql: `
-- One row: the counters that every write moves. Ids of mailboxes, messages and emails come from next_id and are never used twice.
CREATE TABLE account_state (
  account BIGINT PRIMARY KEY,
  modseq BIGINT NOT NULL,
  next_id BIGINT NOT NULL,
  next_uidvalidity BIGINT NOT NULL
);

-- modseq: last change of the mailbox itself; message_modseq: last change of a message in it (HIGHESTMODSEQ).
CREATE TABLE mailbox (
  account BIGINT NOT NULL,
  id BIGINT NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  special_use TEXT NOT NULL,
  uidvalidity BIGINT NOT NULL,
  uidnext BIGINT NOT NULL,
  create_modseq BIGINT NOT NULL,
  modseq BIGINT NOT NULL,
  message_modseq BIGINT NOT NULL,
  total BIGINT NOT NULL,
  unseen BIGINT NOT NULL,
  deleted BIGINT NOT NULL,
  size_bytes BIGINT NOT NULL,
  deleted_size_bytes BIGINT NOT NULL,
  expunged BIGINT NOT NULL,
  PRIMARY KEY (account, id)
);
CREATE UNIQUE INDEX mailbox_name ON mailbox (account, name) WHERE expunged = 0;
CREATE INDEX mailbox_modseq ON mailbox (account, modseq);

-- Names, not mailboxes: a subscription outlives its mailbox (RFC 9051 §6.3.7).
CREATE TABLE subscription (
  account BIGINT NOT NULL,
  name TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (account, name)
);

-- mailbox 0 stands for the account (RFC 5464 §1).
CREATE TABLE annotation (
  account BIGINT NOT NULL,
  mailbox BIGINT NOT NULL,
  entry TEXT NOT NULL,
  value BYTEA NOT NULL,
  modseq BIGINT NOT NULL,
  PRIMARY KEY (account, mailbox, entry)
);

-- A place of an email in a mailbox: narrow and in the order of UIDs, because scans for flags read it. create_modseq ascends with the UID,
-- so what is new needs no index; only later changes have one. subject_key is a hash of the base subject.
CREATE TABLE message (
  account BIGINT NOT NULL,
  mailbox BIGINT NOT NULL,
  uid BIGINT NOT NULL,
  id BIGINT NOT NULL,
  email BIGINT NOT NULL,
  modseq BIGINT NOT NULL,
  create_modseq BIGINT NOT NULL,
  flags BIGINT NOT NULL,
  keywords TEXT NOT NULL,
  size_bytes BIGINT NOT NULL,
  received_ms BIGINT NOT NULL,
  save_ms BIGINT NOT NULL,
  subject_key BIGINT NOT NULL,
  PRIMARY KEY (account, mailbox, uid)
);
CREATE INDEX message_changed ON message (account, modseq) WHERE modseq <> create_modseq;
CREATE INDEX message_deleted ON message (account, mailbox, uid) WHERE (flags & 8) <> 0;

-- What never changes about a message, shared by its copies; refs counts the message rows that point here.
CREATE TABLE email (
  account BIGINT NOT NULL,
  id BIGINT NOT NULL,
  refs BIGINT NOT NULL,
  thread BIGINT NOT NULL,
  trained BIGINT,
  size_bytes BIGINT NOT NULL,
  header_bytes BIGINT NOT NULL,
  received_ms BIGINT NOT NULL,
  sent_day_ms BIGINT,
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
  prefix BYTEA NOT NULL,
  envelope TEXT NOT NULL,
  body TEXT NOT NULL,
  bodystructure TEXT NOT NULL,
  structure TEXT NOT NULL,
  PRIMARY KEY (account, id)
);
CREATE INDEX email_message_id ON email (account, message_id) WHERE message_id IS NOT NULL;

-- The bytes of the email with the same id: here, or in the blob of that name. has_nul: 1 when a NUL is among them, else 0.
CREATE TABLE content (
  account BIGINT NOT NULL,
  id BIGINT NOT NULL,
  size_bytes BIGINT NOT NULL,
  has_nul BIGINT NOT NULL,
  blob_id TEXT,
  bytes BYTEA,
  PRIMARY KEY (account, id)
);
CREATE UNIQUE INDEX content_blob ON content (account, blob_id) WHERE blob_id IS NOT NULL;

-- Places that are no more (RFC 7162 §3.2.10.2; JMAP destroyed).
CREATE TABLE tombstone (
  account BIGINT NOT NULL,
  mailbox BIGINT NOT NULL,
  modseq BIGINT NOT NULL,
  uid BIGINT NOT NULL,
  create_modseq BIGINT NOT NULL,
  message BIGINT NOT NULL,
  email BIGINT NOT NULL,
  PRIMARY KEY (account, mailbox, modseq, uid)
);
CREATE INDEX tombstone_modseq ON tombstone (account, modseq);

-- Blobs whose row is gone, for the sweeper.
CREATE TABLE blob_garbage (
  account BIGINT NOT NULL,
  blob_id TEXT NOT NULL,
  due_ms BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  PRIMARY KEY (account, blob_id)
);

-- Work that must cross into another database, written in the transaction where it arises.
CREATE TABLE outbox (
  account BIGINT NOT NULL,
  id BIGINT NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,
  created_ms BIGINT NOT NULL,
  due_ms BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  PRIMARY KEY (account, id)
);
CREATE INDEX outbox_due ON outbox (account, due_ms);
`,
};
