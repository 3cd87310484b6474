import type { ListedSession } from '#server/operations';
import { callServer } from '../connection.ts';
import { configFolder } from '../folder.ts';
import type { FolderOptions } from '../program-options.ts';
import { localTime, plain, print, printJson, table } from '../terminal.ts';

/** Options of the commands about sessions of web pages. */
export interface SessionOptions extends FolderOptions {
  readonly json?: boolean;
}

/** Lists sessions. @returns the exit code. */
export async function sessionList(account: string | undefined, options: SessionOptions): Promise<number> {
  const sessions = await callServer(configFolder(options), 'session.list', { account });
  if (options.json === true) printJson(sessions);
  else if (sessions.length === 0) print('There are no sessions.');
  else print(...table([['account', 'number', 'device', 'since', 'last use', 'address'], ...sessions.map(rowOf)]));
  return 0;
}

/** Ends one session of an account, or all. @param session  Its number, or `all`. @returns the exit code. */
export async function sessionRemove(account: string, session: string, options: SessionOptions): Promise<number> {
  // The server refuses what is no number.
  const id = session === 'all' ? undefined : Number(session);
  const { removed } = await callServer(configFolder(options), 'session.remove', { account, id });
  print(removed === 1 ? '1 session has ended.' : `${removed} sessions have ended.`);
  return 0;
}

function rowOf({ account, id, device, createdMs, lastUsedMs, lastAddress }: ListedSession): string[] {
  return [account, String(id), plain(device), localTime(createdMs), localTime(lastUsedMs), lastAddress];
}
