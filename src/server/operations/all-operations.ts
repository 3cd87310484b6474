import { accountAdopt, accountRecreate } from './account-recovery.ts';
import { accountAdd, accountContents, accountList, accountRemove } from './account.ts';
import { check, checkRepair } from './check.ts';
import { appPasswordAdd, appPasswordList, appPasswordRemove } from './app-passwords.ts';
import { clientKeyAdd, clientKeyList, clientKeyRemove } from './client-keys.ts';
import { dkimAdd, dkimList, dkimRemove } from './dkim.ts';
import { dnsCheck, dnsRecords } from './dns.ts';
import { holdRuleAdd, holdRuleList, holdRuleRemove } from './hold-rules.ts';
import { passwordSet } from './password.ts';
import { queueCount, queueDrop, queueFail, queueHold, queueKick, queueRelease } from './queue-change.ts';
import { queueRequireTls, queueResume, queueRoute, queueTransport } from './queue-routes.ts';
import { queueList, queueShow } from './queue.ts';
import { configReload } from './reload.ts';
import { indexList, indexRebuild } from './search-index.ts';
import { status } from './status.ts';
import { suppressionAdd, suppressionList, suppressionRemove } from './suppression.ts';
import { sessionList, sessionRemove } from './web-sessions.ts';
import { why } from './why.ts';

/** All operations: one that is listed here can be called. */
export const allOperations = [
  accountAdd,
  accountContents,
  accountRemove,
  accountAdopt,
  accountRecreate,
  accountList,
  passwordSet,
  appPasswordAdd,
  appPasswordList,
  appPasswordRemove,
  sessionList,
  sessionRemove,
  clientKeyAdd,
  clientKeyList,
  clientKeyRemove,
  queueList,
  queueShow,
  queueCount,
  queueKick,
  queueHold,
  queueRelease,
  queueDrop,
  queueFail,
  queueRoute,
  queueTransport,
  queueRequireTls,
  queueResume,
  holdRuleAdd,
  holdRuleList,
  holdRuleRemove,
  suppressionList,
  suppressionAdd,
  suppressionRemove,
  indexList,
  indexRebuild,
  check,
  checkRepair,
  dkimAdd,
  dkimList,
  dkimRemove,
  dnsRecords,
  dnsCheck,
  status,
  configReload,
  why,
] as const;
