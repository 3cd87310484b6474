import { normalizeAccountName } from '#mail/accounts';
import { Arguments, OperationRefused } from './arguments.ts';
import type { OperationsDeps, OperationTable } from './operations.ts';

/** Commands about passwords. */
export const passwordCommands: OperationTable = { 'password.set': setOperation };

async function setOperation(deps: OperationsDeps, args: unknown): Promise<{ readonly account: string }> {
  const given = new Arguments(args, ['account', 'password']);
  const account = normalizeAccountName(given.text('account'));
  const password = given.text('password');
  const { accounts, configuration, credentials } = deps;
  const isConfigured = Object.hasOwn(configuration.config.domains.accounts, account);
  if ((await accounts.open(account)) === null) {
    if (!isConfigured) throw new OperationRefused(`no account ${account}`);
    // Added to domains.yaml by hand, and no server has run since.
    await accounts.create(account);
  }
  await credentials.setPassword(account, password);
  deps.log.info('password.set', { account });
  return { account };
}
