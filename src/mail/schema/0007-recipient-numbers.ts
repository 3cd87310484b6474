import type { Dialect } from './dialect.ts';
import type { Migration } from './migration.ts';

/** Numbers of recipients within their message, so that people deal with one number space: message 76, recipient 76.1. */
export function recipientNumbers0007({ integer }: Dialect): Migration {
  return {
    version: 7,
    sql: `
ALTER TABLE queue_recipient ADD COLUMN number ${integer} NOT NULL DEFAULT 1;
UPDATE queue_recipient SET number = 1 + id - (SELECT min(other.id) FROM queue_recipient other WHERE other.message = queue_recipient.message);
`,
  };
}
