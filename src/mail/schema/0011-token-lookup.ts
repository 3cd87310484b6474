import type { Migration } from './migration.ts';

/** App passwords are found by themselves, when a client sends one as a bearer token without a name. */
export const tokenLookup0011: Migration = {
  version: 11,
  sql: `
CREATE INDEX app_password_digest ON app_password (digest);
`,
};
