import type { Dialect } from './dialect.ts';
import type { Migration } from './migration.ts';

/** Adds routes and lanes of the queue, operators' and hosts' events about messages, and events for webhooks. */
export function sending0003({ key, integer, tail, keyedTail }: Dialect): Migration {
  return {
    version: 3,
    sql: `
-- origin: how the message was accepted (JSON). from_id: part of the reverse-path by which notices about it are known.
ALTER TABLE queue_message ADD COLUMN origin TEXT;
ALTER TABLE queue_message ADD COLUMN from_id TEXT;
CREATE UNIQUE INDEX queue_message_from_id ON queue_message (from_id) WHERE from_id IS NOT NULL;
CREATE INDEX queue_message_message_id ON queue_message (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX queue_message_envid ON queue_message (envid) WHERE envid IS NOT NULL;

-- set_transport and set_tls: what an operator wants instead of what routes and the sender say. released_ms: when an operator last ended a hold.
ALTER TABLE queue_recipient ADD COLUMN lane_transport TEXT NOT NULL DEFAULT '';
ALTER TABLE queue_recipient ADD COLUMN lane_destination TEXT NOT NULL DEFAULT '';
ALTER TABLE queue_recipient ADD COLUMN set_transport TEXT;
ALTER TABLE queue_recipient ADD COLUMN set_tls TEXT;
ALTER TABLE queue_recipient ADD COLUMN released_ms ${integer};
UPDATE queue_recipient SET lane_destination = domain;
DROP INDEX queue_recipient_domain;
CREATE INDEX queue_recipient_lane ON queue_recipient (lane_transport, lane_destination, next_attempt_ms) WHERE state = 'queued' AND hold = 0;
CREATE INDEX queue_recipient_held ON queue_recipient (message) WHERE state = 'queued' AND hold = 1;

-- session: how the connection was secured and what was said (JSON).
ALTER TABLE queue_attempt ADD COLUMN transport TEXT;
ALTER TABLE queue_attempt ADD COLUMN route TEXT;
ALTER TABLE queue_attempt ADD COLUMN session TEXT;
CREATE INDEX queue_attempt_transport ON queue_attempt (transport, start_ms) WHERE transport IS NOT NULL;

-- What happened to a message besides attempts: what operators did, and what came back. recipient: row id, or null for all. detail is JSON.
CREATE TABLE queue_event (
  id ${key},
  message ${integer} NOT NULL,
  recipient ${integer},
  at_ms ${integer} NOT NULL,
  kind TEXT NOT NULL,
  detail TEXT NOT NULL
)${tail};
CREATE INDEX queue_event_message ON queue_event (message);

-- New messages that match are held. Each condition that is not null must hold; at least one is not.
CREATE TABLE queue_hold_rule (
  id ${key},
  account ${integer},
  sender_domain TEXT,
  recipient_domain TEXT,
  reason TEXT NOT NULL,
  created_ms ${integer} NOT NULL
)${tail};

-- Addresses that an account does not send to any more. address: lower case, domain in ASCII. source: who says so.
-- message: row of queue_message that led to it, may be gone.
CREATE TABLE suppression (
  account ${integer} NOT NULL,
  address TEXT NOT NULL,
  source TEXT NOT NULL,
  reason TEXT NOT NULL,
  message ${integer},
  created_ms ${integer} NOT NULL,
  PRIMARY KEY (account, address)
)${keyedTail};

-- What webhooks are to be told. body is JSON.
CREATE TABLE webhook_outbox (
  id ${key},
  account ${integer} NOT NULL,
  event TEXT NOT NULL,
  body TEXT NOT NULL,
  created_ms ${integer} NOT NULL,
  due_ms ${integer} NOT NULL,
  attempts ${integer} NOT NULL
)${tail};
CREATE INDEX webhook_outbox_account ON webhook_outbox (account, id);
CREATE INDEX webhook_outbox_due ON webhook_outbox (due_ms);
`,
  };
}
