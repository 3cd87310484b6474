import type { Dialect } from './dialect.ts';
import type { Migration } from './migration.ts';

/** A checksum of each body, so that the consistency check notices bytes that changed. */
export function checksums0004({ integer }: Dialect): Migration {
  return {
    version: 4,
    sql: `
-- CRC-32 (ISO-HDLC, as in gzip) of the bytes, wherever they are; null for what was stored before there were checksums.
ALTER TABLE content ADD COLUMN crc32 ${integer};
`,
  };
}
