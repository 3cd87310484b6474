/** SQLite's side of the schema; see ../postgres for its twin. */
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
import { sqliteDialect } from '../dialect.ts';
import type { Migration } from '../migration.ts';
import { account0001 } from './0001-account.ts';
import { server0001 } from './0001-server.ts';

/** Migrations of each account's database. */
export const sqliteAccountMigrations: readonly Migration[] = [
  account0001,
  departed0002(sqliteDialect),
  keywords0003(sqliteDialect),
  checksums0004(sqliteDialect),
  flagBlocks0005(sqliteDialect),
  accountIdentity0006(sqliteDialect),
  headerBlocks0007(sqliteDialect),
  emailPlaces0008(sqliteDialect),
  descriptions0009(sqliteDialect),
  unusedTables0010,
  erasedEmails0011(sqliteDialect),
  identities0012(sqliteDialect),
];
/** Migrations of the server's tables. */
export const sqliteServerMigrations: readonly Migration[] = [
  server0001,
  queue0002(sqliteDialect),
  sending0003(sqliteDialect),
  tlsPolicies0004(sqliteDialect),
  refusals0005(sqliteDialect),
  serverIdentity0006(sqliteDialect),
  recipientNumbers0007(sqliteDialect),
  queueChecksums0008(sqliteDialect),
  accountIds0009(sqliteDialect),
  appPasswords0010(sqliteDialect),
  tokenLookup0011,
  emailSubmissions0012(sqliteDialect),
  webSessions0013(sqliteDialect),
  pushSubscriptions0014(sqliteDialect),
];
