import type { Dialect } from './dialect.ts';
import type { Migration } from './migration.ts';

/**
 * The tables of the queue. Row ids name notices, so an id must not come back after its row is gone.
 * States and transitions of a recipient: README.md of #mail/queue.
 */
export function queue0002(type: Dialect): Migration {
  return {
    version: 2,
    sql: `
CREATE TABLE queue_message (
  id ${type.key},
  account ${type.integer},
  sender TEXT NOT NULL,
  message_id TEXT,
  envid TEXT,
  ret TEXT,
  tls TEXT NOT NULL,
  has_8bit ${type.integer} NOT NULL,
  smtputf8 ${type.integer} NOT NULL,
  prefix ${type.bytes} NOT NULL,
  body_size_bytes ${type.integer} NOT NULL,
  blob_id TEXT,
  received_ms ${type.integer} NOT NULL,
  start_ms ${type.integer} NOT NULL
);
CREATE INDEX queue_message_account ON queue_message (account);
CREATE INDEX queue_message_sender ON queue_message (sender);
CREATE INDEX queue_message_blob ON queue_message (blob_id) WHERE blob_id IS NOT NULL;
CREATE INDEX queue_message_received ON queue_message (received_ms);
CREATE TABLE queue_content (
  message ${type.integer} PRIMARY KEY,
  bytes ${type.bytes} NOT NULL
);
CREATE TABLE queue_recipient (
  id ${type.key},
  message ${type.integer} NOT NULL,
  address TEXT NOT NULL,
  domain TEXT NOT NULL,
  state TEXT NOT NULL,
  hold ${type.integer} NOT NULL,
  attempts ${type.integer} NOT NULL,
  next_attempt_ms ${type.integer} NOT NULL,
  lease TEXT,
  lease_until_ms ${type.integer},
  notify ${type.integer} NOT NULL,
  orcpt TEXT,
  delay_told ${type.integer} NOT NULL,
  last_attempt_ms ${type.integer},
  last_status TEXT,
  last_reply TEXT,
  last_reply_is_smtp ${type.integer} NOT NULL,
  last_host TEXT,
  notice TEXT,
  notice_kind TEXT,
  notice_due_ms ${type.integer},
  finished_ms ${type.integer}
);
CREATE INDEX queue_recipient_domain ON queue_recipient (domain, next_attempt_ms) WHERE state = 'queued' AND hold = 0;
CREATE INDEX queue_recipient_due ON queue_recipient (next_attempt_ms) WHERE state = 'queued' AND hold = 0;
CREATE INDEX queue_recipient_leased ON queue_recipient (lease_until_ms) WHERE state = 'leased';
CREATE INDEX queue_recipient_message ON queue_recipient (message);
CREATE INDEX queue_recipient_notice ON queue_recipient (notice) WHERE notice IS NOT NULL;
CREATE INDEX queue_recipient_notice_due ON queue_recipient (notice_due_ms) WHERE notice IS NOT NULL;
CREATE INDEX queue_recipient_finished ON queue_recipient (finished_ms) WHERE finished_ms IS NOT NULL;
CREATE TABLE queue_attempt (
  id ${type.key},
  recipient ${type.integer} NOT NULL,
  start_ms ${type.integer} NOT NULL,
  duration_ms ${type.integer} NOT NULL,
  host TEXT,
  ip TEXT,
  outcome TEXT NOT NULL,
  reply TEXT NOT NULL
);
CREATE INDEX queue_attempt_recipient ON queue_attempt (recipient);
CREATE TABLE queue_garbage (
  blob_id TEXT PRIMARY KEY,
  due_ms ${type.integer} NOT NULL
);
`,
  };
}
