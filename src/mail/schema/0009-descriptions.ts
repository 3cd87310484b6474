import type { Dialect } from './dialect.ts';
import type { Migration } from './migration.ts';

/** Descriptions in no protocol's terms, in place of the texts that IMAP sends. */
export function descriptions0009({ bytes }: Dialect): Migration {
  return {
    version: 9,
    sql: `
-- The header fields that are listed and the part tree (#lib/message-description), with a checksum; NULL for emails that were stored before.
-- Those have envelope, body, bodystructure and structure, which are empty in others.
ALTER TABLE email ADD COLUMN description ${bytes};
`,
  };
}
