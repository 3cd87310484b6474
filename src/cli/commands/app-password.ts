import type { ListedAppPassword } from '#server/operations';
import { callServer } from '../connection.ts';
import { configFolder } from '../folder.ts';
import type { FolderOptions } from '../program-options.ts';
import { localTime, plain, print, printJson, table } from '../terminal.ts';

/** Options of the commands about app passwords. */
export interface AppPasswordOptions extends FolderOptions {
  readonly scope?: readonly string[];
  readonly days?: string;
  readonly json?: boolean;
}

/** Makes a password for one program, and prints it. @returns the exit code. */
export async function appPasswordAdd(account: string, name: string, options: AppPasswordOptions): Promise<number> {
  const { scope, days } = options;
  // The server refuses words that are no scopes, and numbers that are none.
  const scopes = scope as ('mail' | 'read-only' | 'send')[] | undefined;
  const added = await callServer(configFolder(options), 'appPassword.add', {
    account,
    name,
    scopes,
    days: days === undefined ? undefined : Number(days),
  });
  if (options.json === true) {
    printJson(added);
    return 0;
  }
  const until = added.expiresMs === null ? '' : `, until ${localTime(added.expiresMs)}`;
  print(
    `App password ${plain(added.name)} of account ${added.account} (${added.scopes.join(', ')}${until}):`,
    '',
    `  ${added.password}`,
    '',
    'It is shown this one time. The program logs in with the account’s login name and this password.',
  );
  return 0;
}

/** Lists app passwords. @returns the exit code. */
export async function appPasswordList(account: string | undefined, options: AppPasswordOptions): Promise<number> {
  const passwords = await callServer(configFolder(options), 'appPassword.list', { account });
  if (options.json === true) printJson(passwords);
  else if (passwords.length === 0) print('There are no app passwords.');
  else print(...table([['account', 'name', 'permits', 'since', 'expires', 'last use'], ...passwords.map(rowOf)]));
  return 0;
}

/** Removes an app password. @returns the exit code. */
export async function appPasswordRemove(account: string, name: string, options: AppPasswordOptions): Promise<number> {
  const removed = await callServer(configFolder(options), 'appPassword.remove', { account, name });
  print(
    `The app password ${plain(removed.name)} does not log in to account ${removed.account} anymore. Its open sessions have ended.`,
  );
  return 0;
}

function rowOf({ account, name, scopes, createdMs, expiresMs, isExpired, lastUse }: ListedAppPassword): string[] {
  const expires = expiresMs === null ? 'never' : `${localTime(expiresMs)}${isExpired ? ' (expired)' : ''}`;
  const used = lastUse === null ? 'never' : `${localTime(lastUse.atMs)} ${lastUse.protocol} ${lastUse.address}`;
  return [account, plain(name), scopes.join(', '), localTime(createdMs), expires, used];
}
