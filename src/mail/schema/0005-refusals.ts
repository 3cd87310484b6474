import type { Dialect } from './dialect.ts';
import type { Migration } from './migration.ts';

/** Mail that was refused, so that "why did it not arrive" has an answer. */
export function refusals0005({ integer, keyedTail }: Dialect): Migration {
  return {
    version: 5,
    sql: `
-- Per UTC day and distinct refusal, how often and when. service: of the listener. stage: MAIL, RCPT or DATA. recipient is empty at MAIL.
-- facts: the connection of the last one (JSON).
CREATE TABLE refused_mail (
  day_ms ${integer} NOT NULL,
  recipient TEXT NOT NULL,
  sender TEXT NOT NULL,
  remote_ip TEXT NOT NULL,
  service TEXT NOT NULL,
  stage TEXT NOT NULL,
  reply TEXT NOT NULL,
  first_ms ${integer} NOT NULL,
  last_ms ${integer} NOT NULL,
  times ${integer} NOT NULL,
  facts TEXT NOT NULL,
  PRIMARY KEY (day_ms, recipient, sender, remote_ip, service, stage, reply)
)${keyedTail};
CREATE INDEX refused_mail_recipient ON refused_mail (recipient, last_ms);
CREATE INDEX refused_mail_sender ON refused_mail (sender, last_ms);
`,
  };
}
