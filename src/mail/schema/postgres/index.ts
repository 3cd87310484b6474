/** PostgreSQL's side of the schema; see ../sqlite for its twin. */
import { departed0002 } from '../0002-departed.ts';
import { queue0002 } from '../0002-queue.ts';
import { keywords0003 } from '../0003-keywords.ts';
import { sending0003 } from '../0003-sending.ts';
import { checksums0004 } from '../0004-checksums.ts';
import { tlsPolicies0004 } from '../0004-tls-policies.ts';
import { flagBlocks0005 } from '../0005-flag-blocks.ts';
import { refusals0005 } from '../0005-refusals.ts';
import { accountIdentity0006 } from '../0006-account-identity.ts';
import { serverIdentity0006 } from '../0006-server-identity.ts';
import { recipientNumbers0007 } from '../0007-recipient-numbers.ts';
import { queueChecksums0008 } from '../0008-queue-checksums.ts';
import { headerBlocks0007 } from '../0007-header-blocks.ts';
import { emailPlaces0008 } from '../0008-email-places.ts';
import { descriptions0009 } from '../0009-descriptions.ts';
import { unusedTables0010 } from '../0010-unused-tables.ts';
import { erasedEmails0011 } from '../0011-erased-emails.ts';
import { accountIds0009 } from '../0009-account-ids.ts';
import { identities0012 } from '../0012-identities.ts';
import { appPasswords0010 } from '../0010-app-passwords.ts';
import { tokenLookup0011 } from '../0011-token-lookup.ts';
import { emailSubmissions0012 } from '../0012-email-submissions.ts';
import { webSessions0013 } from '../0013-web-sessions.ts';
import { pushSubscriptions0014 } from '../0014-push-subscriptions.ts';
import { postgresDialect } from '../dialect.ts';
import type { Migration } from '../migration.ts';
import { account0001 } from './0001-account.ts';
import { server0001 } from './0001-server.ts';

/** Migrations of the tables that hold all accounts. */
export const postgresAccountMigrations: readonly Migration[] = [
  account0001,
  departed0002(postgresDialect),
  keywords0003(postgresDialect),
  checksums0004(postgresDialect),
  flagBlocks0005(postgresDialect),
  accountIdentity0006(postgresDialect),
  headerBlocks0007(postgresDialect),
  emailPlaces0008(postgresDialect),
  descriptions0009(postgresDialect),
  unusedTables0010,
  erasedEmails0011(postgresDialect),
  identities0012(postgresDialect),
];
/** Migrations of the server's tables. */
export const postgresServerMigrations: readonly Migration[] = [
  server0001,
  queue0002(postgresDialect),
  sending0003(postgresDialect),
  tlsPolicies0004(postgresDialect),
  refusals0005(postgresDialect),
  serverIdentity0006(postgresDialect),
  recipientNumbers0007(postgresDialect),
  queueChecksums0008(postgresDialect),
  accountIds0009(postgresDialect),
  appPasswords0010(postgresDialect),
  tokenLookup0011,
  emailSubmissions0012(postgresDialect),
  webSessions0013(postgresDialect),
  pushSubscriptions0014(postgresDialect),
];
