import { z } from 'zod';
import { accountId } from '#lib/ids';
import { AccountRefusal, AccountUnavailable, type Account, type Accounts } from '#mail/accounts';
import type { Credentials } from '#mail/auth';
import type { Configuration } from '#server/configuration';
import { OperationRefused, text, wholeNumber } from './arguments.ts';
import { defineOperation } from './define-operation.ts';

interface RecoveryDeps {
  readonly configuration: Configuration;
  readonly accounts: Pick<Accounts, 'adopt' | 'recreate'>;
  readonly credentials: Pick<Credentials, 'hasPassword'>;
}

const recoveredAccount = z.strictObject({
  name: z.string(),
  folder: z.number().describe('Number of its folders below accounts and blobs.'),
  messages: z.number(),
  hasPassword: z.boolean(),
});

/** Result of `account.adopt` and `account.recreate`. */
export type RecoveredAccount = z.output<typeof recoveredAccount>;

/** `account.adopt`. */
export const accountAdopt = defineOperation({
  name: 'account.adopt',
  summary: 'Take over stored mail for an account that is refused',
  permission: 'operator',
  command: 'account adopt',
  args: {
    name: text('Name of the account.'),
    folder: wholeNumber(
      1,
      Number.MAX_SAFE_INTEGER,
      'Number of the folder below accounts that holds its mail; found by its name when absent.',
    ).optional(),
  },
  result: recoveredAccount,
  run: async (deps: RecoveryDeps, { name: given, folder }) => {
    const name = configuredName(deps, given);
    return await recovered(deps, deps.accounts.adopt(name, folder === undefined ? null : accountId(folder)));
  },
});

/** `account.recreate`. */
export const accountRecreate = defineOperation({
  name: 'account.recreate',
  summary: 'Start an account that is refused afresh, without mail; what was stored stays on the disk',
  permission: 'operator',
  command: 'account recreate',
  args: { name: text('Name of the account.') },
  result: recoveredAccount,
  run: async (deps: RecoveryDeps, given) => {
    const name = configuredName(deps, given.name);
    return await recovered(deps, deps.accounts.recreate(name));
  },
});

/** Counts the messages of an account. */
export async function messagesIn({ mailboxes }: Account): Promise<number> {
  return (await mailboxes.list()).reduce((sum, { mailbox }) => sum + (mailbox?.messages ?? 0), 0);
}

function configuredName({ configuration }: RecoveryDeps, given: string): string {
  const name = given.toLowerCase();
  if (!Object.hasOwn(configuration.config.domains.accounts, name)) {
    throw new OperationRefused(`no account ${given} in domains.yaml: add it there first`);
  }
  return name;
}

async function recovered({ credentials }: RecoveryDeps, recovering: Promise<Account>): Promise<RecoveredAccount> {
  try {
    const account = await recovering;
    const { name, id } = account;
    const messages = await messagesIn(account);
    return { name, folder: id, messages, hasPassword: await credentials.hasPassword(name) };
  } catch (error) {
    if (error instanceof AccountRefusal || error instanceof AccountUnavailable)
      throw new OperationRefused(error.message);
    throw error;
  }
}
