import { Arguments } from './arguments.ts';
import { accountMade } from './named.ts';
import type { OperationsDeps, OperationTable } from './operations.ts';

/** Commands about passwords. */
export const passwordCommands: OperationTable = { 'password.set': setOperation };

async function setOperation(deps: OperationsDeps, args: unknown): Promise<{ readonly account: string }> {
  const given = new Arguments(args, ['account', 'password']);
  const password = given.text('password');
  const account = await accountMade(deps, given.text('account'));
  await deps.credentials.setPassword(account, password);
  deps.log.info('password.set', { account });
  return { account };
}
