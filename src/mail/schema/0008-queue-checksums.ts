import type { Dialect } from './dialect.ts';
import type { Migration } from './migration.ts';

/** A checksum of the body of each queued message, so that no other bytes are sent than were accepted. */
export function queueChecksums0008({ integer }: Dialect): Migration {
  return {
    version: 8,
    sql: `
-- CRC-32 (ISO-HDLC, as in gzip) of the received bytes, wherever they are; null for what was queued before there were checksums.
ALTER TABLE queue_message ADD COLUMN crc32 ${integer};
`,
  };
}
