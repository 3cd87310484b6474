import type { AccountContents, ListedAccount, RecoveredAccount } from '#server/operations';
import { confirm, counted, type ConfirmOptions } from '../confirm.ts';
import { callServer, withServer } from '../connection.ts';
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
  const added = await callServer(configFolder(options), 'account.add', { name, address, password });
  print(`Added account ${added.name} with address ${added.address}.`);
  if (added.newDomain !== null) {
    const domain = plain(added.newDomain);
    print(
      `Domain ${domain} is new and was added to domains.yaml: 'godwit dns records ${domain}' prints what its DNS needs, 'godwit dkim add ${domain}' makes its keys.`,
    );
  }
  if (added.password !== undefined) print(`Password: ${added.password}`);
  return 0;
}

/** Removes an account with its mail. @returns the exit code. */
export async function accountRemove(name: string, options: FolderOptions & ConfirmOptions): Promise<number> {
  return await withServer(configFolder(options), async (call) => {
    const contents = contentsText(await call('account.contents', { name }));
    await confirm(`Account ${plain(name)} will be removed with ${contents}.`, options);
    await call('account.remove', { name });
    print(`Removed account ${plain(name)} with ${contents}.`);
    return 0;
  });
}

function contentsText({ stored, problem }: AccountContents): string {
  if (stored === null) return problem === null ? 'no mail' : `its mail, which cannot be counted (${plain(problem)})`;
  return `${counted(stored.messages, 'message')} of ${counted(stored.sizeBytes, 'byte')}`;
}

/** Takes over stored mail for an account that is refused. @returns the exit code. */
export async function accountAdopt(
  name: string,
  options: FolderOptions & ConfirmOptions & { readonly folder?: string },
): Promise<number> {
  const { folder } = options;
  if (folder !== undefined && !/^[1-9][0-9]{0,15}$/.test(folder)) throw new Error(`${folder} is no number of a folder`);
  const args = { name, folder: folder === undefined ? undefined : Number(folder) };
  const source = folder === undefined ? 'the folder that carries its name, or its own' : `accounts/${folder}`;
  await confirm(`Account ${plain(name)} will get the mail in ${source}, and keep it.`, options);
  const adopted = await callServer(configFolder(options), 'account.adopt', args);
  print(
    `Account ${adopted.name} has the mail of accounts/${adopted.folder}: ${adopted.messages} messages.`,
    ...next(adopted),
  );
  return 0;
}

/** Starts an account that is refused afresh. @returns the exit code. */
export async function accountRecreate(name: string, options: FolderOptions & ConfirmOptions): Promise<number> {
  await confirm(`Account ${plain(name)} will begin without the mail that it had, which stays on the disk.`, options);
  const made = await callServer(configFolder(options), 'account.recreate', { name });
  print(
    `Account ${made.name} begins anew in accounts/${made.folder}, without mail. Nothing was deleted.`,
    ...next(made),
  );
  return 0;
}

function next({ name, hasPassword }: RecoveredAccount): string[] {
  return hasPassword ? [] : [`It has no password: set one with "godwit password set ${name}".`];
}

/** Lists accounts. @returns the exit code. */
export async function accountList(options: FolderOptions & { readonly json?: boolean }): Promise<number> {
  const accounts = await callServer(configFolder(options), 'account.list', {});
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
