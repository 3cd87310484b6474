import type { Migration } from './migration.ts';

/**
 * Removes tables that nothing ever used. The columns of `email` that nothing reads stay: dropping one makes SQLite rewrite every row
 * (0.7 s of CPU for 100,000 emails, on the loop, and as much space again in the log), on a full disk as well. tools/check-columns.ts lists them.
 */
export const unusedTables0010: Migration = {
  version: 10,
  sql: `
DROP TABLE annotation;
DROP TABLE outbox;
`,
};
