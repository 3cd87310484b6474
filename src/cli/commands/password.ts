import { callServer } from '../connection.ts';
import { configFolder } from '../folder.ts';
import type { FolderOptions } from '../program-options.ts';
import { askPassword, print, readLine } from '../terminal.ts';

/** Sets the password of an account. @returns the exit code. */
export async function passwordSet(
  account: string,
  options: FolderOptions & { readonly stdin?: boolean },
): Promise<number> {
  const folder = configFolder(options);
  const password = options.stdin === true ? await readLine() : await askPassword(account);
  await callServer(folder, 'password.set', { account, password });
  print(`Changed the password of ${account}.`);
  return 0;
}
