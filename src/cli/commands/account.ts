import type { AddedAccount, ListedAccount } from '#server/operations';
import { callServer } from '../connection.ts';
import { configFolder } from '../folder.ts';
import type { FolderOptions } from '../program-options.ts';
import { plain, print, printJson, readLine, table } from '../terminal.ts';

/** Adds an account. @returns the exit code. */
export async function accountAdd(
  name: string,
  address: string,
  options: FolderOptions & { readonly passwordStdin?: boolean },
): Promise<number> {
  const password = options.passwordStdin === true ? await readLine() : undefined;
  const args = { name, address, ...(password !== undefined && { password }) };
  const added = (await callServer(configFolder(options), 'account.add', args)) as AddedAccount;
  print(`Added account ${added.name} with address ${added.address}.`);
  if (added.password !== undefined) print(`Password: ${added.password}`);
  return 0;
}

/** Removes an account with its mail. @returns the exit code. */
export async function accountRemove(name: string, options: FolderOptions): Promise<number> {
  await callServer(configFolder(options), 'account.remove', { name });
  print(`Removed account ${name} and its mail.`);
  return 0;
}

/** Lists accounts. @returns the exit code. */
export async function accountList(options: FolderOptions & { readonly json?: boolean }): Promise<number> {
  const accounts = (await callServer(configFolder(options), 'account.list', {})) as ListedAccount[];
  if (options.json === true) printJson(accounts);
  else if (accounts.length === 0) print('There are no accounts.');
  else
    print(...table(accounts.map((account) => [account.name, account.addresses.map(plain).join(', '), notes(account)])));
  return 0;
}

function notes({ isConfigured, hasPassword }: ListedAccount): string {
  if (!isConfigured) return 'not in domains.yaml: mail is kept, nobody can log in';
  return hasPassword ? '' : 'has no password';
}
