import { z } from 'zod';
import { AccountUnavailable, type Account, type Accounts } from '#mail/accounts';
import { checkStore, storeProblemKinds, fixAccount, repairFlags, type StoreProblem } from '#mail/check';
import type { BlobSweeper } from '#mail/content';
import type { BlobStore } from '#ports/blobs';
import { ConditionError } from '#ports/conditions';
import type { Databases } from '#ports/database';
import type { EventLoop } from '#ports/event-loop';
import type { Log } from '#ports/log';
import type { Configuration } from '#server/configuration';
import { defineOperation } from './define-operation.ts';

interface CheckDeps {
  readonly configuration: Configuration;
  readonly accounts: Accounts;
  readonly blobs: BlobStore;
  readonly databases: Databases;
  readonly loop: EventLoop;
}

interface RepairDeps {
  readonly accounts: Pick<Accounts, 'list' | 'open'>;
  readonly blobSweeper: BlobSweeper;
  readonly log: Log;
}

const storeProblem = z.strictObject({
  account: z
    .string()
    .nullable()
    .describe("Name of the account, or its id when it has none; null for the queue and the server's own database."),
  kind: z.enum(storeProblemKinds),
  text: z.string().describe('A sentence for people.'),
  isLoss: z.boolean().describe('Mail is lost or cannot be read; otherwise it is only untidy.'),
  remedy: z.string().nullable().describe('Remedy for the operator; null when there is nothing to do.'),
}) satisfies z.ZodType<StoreProblem>;

const repairedAccount = z.strictObject({
  account: z.string(),
  flags: z
    .array(
      z.strictObject({
        mailbox: z.string(),
        firstUid: z.number(),
        lastUid: z.number(),
        resetMessages: z.number().describe('Messages whose flags are again those with which they came.'),
      }),
    )
    .readonly(),
  others: z.number().describe('Counters, blocks of header fields and blobs without a message that were put right.'),
  problem: z.string().nullable().describe('Reason why the account could not be repaired; null when it was.'),
});

/** Outcome of `check.repair` for one account. */
export type RepairedAccount = z.output<typeof repairedAccount>;

/** `check`. */
export const check = defineOperation({
  name: 'check',
  summary: 'Check that all stored mail and the queue are whole and consistent',
  permission: 'operator',
  command: 'check',
  args: {},
  result: z.array(storeProblem).readonly(),
  run: async ({ configuration, accounts, blobs, databases, loop }: CheckDeps) => {
    const configured = Object.keys(configuration.config.domains.accounts);
    return await checkStore({ accounts, blobs, databases, loop, queueDatabase: databases.server, configured });
  },
});

/** `check.repair`. */
export const checkRepair = defineOperation({
  name: 'check.repair',
  summary: 'Put flags and counters right, as far as that needs no backup',
  permission: 'operator',
  command: 'check',
  args: {},
  result: z.array(repairedAccount).readonly().describe('Accounts with nothing to do are left out.'),
  run: async (deps: RepairDeps) => {
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
  },
});

async function repair({ blobSweeper, log }: RepairDeps, account: Account): Promise<RepairedAccount> {
  const flags = await repairFlags(account);
  const others = await fixAccount(account, blobSweeper);
  if (flags.length > 0 || others > 0)
    log.warn('account.repaired', { account: account.name, flags: flags.length, others });
  return { account: account.name, flags, others, problem: null };
}
