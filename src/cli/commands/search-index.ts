import type { ListedIndex } from '#server/operations';
import { callServer } from '../connection.ts';
import { configFolder } from '../folder.ts';
import type { FolderOptions } from '../program-options.ts';
import { print, printJson, table } from '../terminal.ts';

/** Options of the commands about search indexes. */
export interface IndexOptions extends FolderOptions {
  readonly json?: boolean;
}

/** Lists search indexes. @returns the exit code. */
export async function indexList(account: string | undefined, options: IndexOptions): Promise<number> {
  const listed = await callServer(configFolder(options), 'index.list', { account });
  if (options.json === true) printJson(listed);
  else if (listed.length === 0) print('There is no search index.');
  else print(...table([['account', 'messages', 'waiting', 'size'], ...listed.map(rowOf)]));
  return 0;
}

/** Makes search indexes anew. @returns the exit code. */
export async function indexRebuild(account: string | undefined, options: IndexOptions): Promise<number> {
  const { accounts } = await callServer(configFolder(options), 'index.rebuild', { account });
  const [only] = accounts;
  const whose = accounts.length === 1 ? `of ${only}` : `of ${accounts.length} accounts`;
  print(`The search index ${whose} is made anew in the background. Until then searches read messages.`);
  return 0;
}

function rowOf({ account, documents, waiting, sizeBytes }: ListedIndex): string[] {
  return [account, String(documents), String(waiting), `${(sizeBytes / 2 ** 20).toFixed(1)} MiB`];
}
