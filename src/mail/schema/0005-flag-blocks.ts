import type { Dialect } from './dialect.ts';
import type { Migration } from './migration.ts';

/** Flags, keywords and MODSEQs packed by neighbouring UIDs; message rows keep those with which a message came. */
export function flagBlocks0005({
  integer,
  accountKey,
  bytes,
  tail,
  hexOf,
  joined,
  unhex,
  newline,
}: Dialect): Migration {
  const each = (value: string, digits: number): string => joined(hexOf(value, digits), "''", 'uid');
  return {
    version: 5,
    sql: `
-- id: mailbox * 2^24 + block, where a block is the messages whose UIDs are alike but for their last 8 bits.
-- last_uid: messages above it are as their rows say. modseq: the largest of the block. sets, data: see flag-blocks/flag-block.ts.
CREATE TABLE flag_block (
  account ${integer} NOT NULL,
  ${accountKey.column},
  last_uid ${integer} NOT NULL,
  modseq ${integer} NOT NULL,
  sets TEXT NOT NULL,
  data ${bytes} NOT NULL${accountKey.constraint}
)${tail};
CREATE INDEX flag_block_modseq ON flag_block (account, modseq);
INSERT INTO flag_block (account, id, last_uid, modseq, sets, data)
  WITH ranked AS (
    SELECT account, mailbox, uid >> 8 AS block, uid, modseq, flags || ' ' || keywords AS line,
      DENSE_RANK() OVER (PARTITION BY account, mailbox, uid >> 8 ORDER BY flags || ' ' || keywords) - 1 AS place FROM message
  ), combination AS (
    SELECT account, mailbox, block, ${joined('line', newline, 'place')} AS sets
    FROM (SELECT DISTINCT account, mailbox, block, place, line FROM ranked) AS one GROUP BY account, mailbox, block
  ), packed AS (
    SELECT account, mailbox, block, max(uid) AS last_uid, max(modseq) AS modseq,
      '080000000000000000' || ${each('uid & 255', 2)} || ${each('place', 2)} || ${each('modseq', 16)} AS data
    FROM ranked GROUP BY account, mailbox, block
  )
  SELECT p.account, p.mailbox * 16777216 + p.block, CASE WHEN p.block < b.uidnext >> 8 THEN p.block * 256 + 255 ELSE p.last_uid END,
    p.modseq, c.sets, ${unhex('p.data')}
  FROM packed AS p JOIN combination AS c ON c.account = p.account AND c.mailbox = p.mailbox AND c.block = p.block
  JOIN mailbox AS b ON b.account = p.account AND b.id = p.mailbox;
DROP INDEX message_changed;
DROP INDEX message_deleted;
ALTER TABLE message DROP COLUMN modseq;
ALTER TABLE message RENAME COLUMN flags TO first_flags;
ALTER TABLE message RENAME COLUMN keywords TO first_keywords;
`,
  };
}
