import type { ListedSuppression } from '#server/operations';
import { callServer } from '../connection.ts';
import { configFolder } from '../folder.ts';
import type { FolderOptions } from '../program-options.ts';
import { wholeNumber } from '../queue-filter.ts';
import { localTime, plain, print, printJson, table } from '../terminal.ts';

/** Options of the commands about the suppression list. */
export interface SuppressionOptions extends FolderOptions {
  readonly reason?: string;
  readonly limit?: string;
  readonly json?: boolean;
}

/** Lists suppressed addresses. @returns the exit code. */
export async function suppressionList(account: string | undefined, options: SuppressionOptions): Promise<number> {
  const limit = wholeNumber('--limit', options.limit ?? '1000');
  const { items, isCut } = await callServer(configFolder(options), 'suppression.list', { account, limit });
  if (options.json === true) printJson(items);
  else if (items.length === 0) print('No address is suppressed.');
  else {
    print(...table([['account', 'address', 'since', 'expires', 'said by', 'reason'], ...items.map(rowOf)]));
    if (isCut) print(`There are more than ${limit}: use --limit.`);
  }
  return 0;
}

/** Suppresses an address. @returns the exit code. */
export async function suppressionAdd(account: string, address: string, options: SuppressionOptions): Promise<number> {
  const args = { account, address, reason: options.reason };
  const added = await callServer(configFolder(options), 'suppression.add', args);
  print(`Mail of ${added.account} to ${plain(added.address)} fails at once from now on. What is queued already stays.`);
  return 0;
}

/** Ends the suppression of an address. @returns the exit code. */
export async function suppressionRemove(
  account: string,
  address: string,
  options: SuppressionOptions,
): Promise<number> {
  const args = { account, address };
  const removed = await callServer(configFolder(options), 'suppression.remove', args);
  print(`${removed.account} may send to ${plain(removed.address)} again.`);
  return 0;
}

const sources = { operator: 'an operator', refused: 'a host', notice: 'a notice' } as const;

function rowOf({ account, address, createdMs, untilMs, source, reason }: ListedSuppression): string[] {
  const expires = untilMs === null ? 'never' : localTime(untilMs);
  return [account, plain(address), localTime(createdMs), expires, sources[source], plain(reason)];
}
