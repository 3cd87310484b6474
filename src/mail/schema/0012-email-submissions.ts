import type { Dialect } from './dialect.ts';
import type { Migration } from './migration.ts';

/** Submissions as JMAP shows them, beside the queue: both change in one transaction (decision 25). */
export function emailSubmissions0012({ key, integer, keyedTail, tail }: Dialect): Migration {
  return {
    version: 12,
    sql: `
-- was_leased: 1 once a runner had it, so that it may have left. is_final: 1 when it was delivered into a mailbox. Both null for recipients from before.
ALTER TABLE queue_recipient ADD COLUMN was_leased ${integer};
ALTER TABLE queue_recipient ADD COLUMN is_final ${integer};

-- queue_message: row of the queue, until it forgets the message. envelope: JSON. undo: pending, final or canceled.
CREATE TABLE email_submission (
  id ${key},
  account ${integer} NOT NULL,
  queue_message ${integer} NOT NULL,
  identity TEXT NOT NULL,
  email ${integer} NOT NULL,
  thread ${integer} NOT NULL,
  envelope TEXT NOT NULL,
  send_at_ms ${integer} NOT NULL,
  undo TEXT NOT NULL,
  create_modseq ${integer} NOT NULL,
  modseq ${integer} NOT NULL
)${tail};
CREATE INDEX email_submission_account ON email_submission (account, id);
CREATE INDEX email_submission_changed ON email_submission (account, modseq);
CREATE INDEX email_submission_time ON email_submission (send_at_ms);
CREATE UNIQUE INDEX email_submission_message ON email_submission (queue_message);

-- Recipients that the queue has forgotten, as it knew them last.
CREATE TABLE email_submission_recipient (
  submission ${integer} NOT NULL,
  number ${integer} NOT NULL,
  address TEXT NOT NULL,
  state TEXT NOT NULL,
  is_final ${integer},
  last_status TEXT,
  last_reply TEXT,
  last_reply_is_smtp ${integer} NOT NULL,
  PRIMARY KEY (submission, number)
)${keyedTail};

-- Notices that came about a submission. number: of the recipient, null for all. action: RFC 3464 §2.3.3, null for notices of our own.
CREATE TABLE email_submission_notice (
  id ${key},
  submission ${integer} NOT NULL,
  number ${integer},
  action TEXT,
  reply TEXT,
  message_id TEXT
)${tail};
CREATE INDEX email_submission_notice_of ON email_submission_notice (submission);

-- modseq: of the last change. first_modseq: what was destroyed up to it is not known anymore.
CREATE TABLE email_submission_state (
  account ${integer} NOT NULL PRIMARY KEY,
  modseq ${integer} NOT NULL,
  first_modseq ${integer} NOT NULL
)${tail};

CREATE TABLE email_submission_tombstone (
  account ${integer} NOT NULL,
  modseq ${integer} NOT NULL,
  submission ${integer} NOT NULL,
  create_modseq ${integer} NOT NULL,
  at_ms ${integer} NOT NULL,
  PRIMARY KEY (account, modseq, submission)
)${keyedTail};
CREATE INDEX email_submission_tombstone_time ON email_submission_tombstone (at_ms);
`,
  };
}
