import { AccountUnavailable, type Account } from '#mail/accounts';
import { checkStore, fixAccount, repairFlags, type Finding, type RepairedFlags } from '#mail/check';
import { ConditionError } from '#ports/conditions';
import { refuseArguments } from './arguments.ts';
import type { OperationsDeps, OperationTable } from './operations.ts';

/** What `check.repair` did for one account; those with nothing to do are left out. */
export interface RepairedAccount {
  readonly account: string;
  readonly flags: readonly RepairedFlags[];
  /** Number of counters, blocks of header fields and blobs without a message that were put right. */
  readonly others: number;
  /** Reason why the account could not be repaired; null when it was. */
  readonly problem: string | null;
}

/** The consistency check of everything stored, and repairs that need no backup. */
export const checkCommands: OperationTable = {
  check: async ({ configuration, accounts, blobs, databases, loop }, args): Promise<Finding[]> => {
    refuseArguments(args);
    const configured = Object.keys(configuration.config.domains.accounts);
    return await checkStore({ accounts, blobs, databases, loop, queueDatabase: databases.server, configured });
  },
  'check.repair': repairOperation,
};

async function repairOperation(deps: OperationsDeps, args: unknown): Promise<RepairedAccount[]> {
  refuseArguments(args);
  const repaired: RepairedAccount[] = [];
  for (const { name } of await deps.accounts.list()) {
    try {
      const account = await deps.accounts.open(name);
      if (account === null) continue;
      const done = await repair(deps, account);
      if (done.flags.length > 0 || done.others > 0) repaired.push(done);
    } catch (error) {
      // One that cannot be repaired does not keep the others from it.
      if (!(error instanceof ConditionError)) throw error;
      const problem = error instanceof AccountUnavailable ? error.problem : error.message;
      repaired.push({ account: name, flags: [], others: 0, problem });
    }
  }
  return repaired;
}

async function repair({ blobSweeper, log }: OperationsDeps, account: Account): Promise<RepairedAccount> {
  const flags = await repairFlags(account);
  const others = await fixAccount(account, blobSweeper);
  if (flags.length > 0 || others > 0)
    log.warn('account.repaired', { account: account.name, flags: flags.length, others });
  return { account: account.name, flags, others, problem: null };
}
