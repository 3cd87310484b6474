import type { ListedHoldRule } from '#server/operations';
import { callServer } from '../connection.ts';
import { configFolder } from '../folder.ts';
import type { FolderOptions } from '../program-options.ts';
import { wholeNumber } from '../queue-filter.ts';
import { localTime, plain, print, printJson, table } from '../terminal.ts';

/** Options of the commands about hold rules. */
export interface HoldRuleOptions extends FolderOptions {
  readonly account?: string;
  readonly fromDomain?: string;
  readonly toDomain?: string;
  readonly reason?: string;
  readonly json?: boolean;
}

/** Adds a rule. @returns the exit code. */
export async function holdRuleAdd(options: HoldRuleOptions): Promise<number> {
  const { account, fromDomain: senderDomain, toDomain: recipientDomain, reason } = options;
  const args = { account, senderDomain, recipientDomain, reason };
  const rule = await callServer(configFolder(options), 'holdRule.add', args);
  print(`Rule ${rule.id} holds new mail ${conditions(rule)}.`, "'godwit queue release --held' lets it go.");
  return 0;
}

/** Lists rules. @returns the exit code. */
export async function holdRuleList(options: HoldRuleOptions): Promise<number> {
  const rules = await callServer(configFolder(options), 'holdRule.list', {});
  if (options.json === true) printJson(rules);
  else if (rules.length === 0) print("There are no hold rules; 'godwit queue hold-rule add' makes one.");
  else print(...table([['id', 'since', 'holds new mail', 'reason'], ...rules.map(rowOf)]));
  return 0;
}

/** Removes a rule. @returns the exit code. */
export async function holdRuleRemove(id: string, options: HoldRuleOptions): Promise<number> {
  await callServer(configFolder(options), 'holdRule.remove', { id: wholeNumber('id', id) });
  print(`Rule ${id} is gone. What it held stays on hold: 'godwit queue list --held' lists it.`);
  return 0;
}

function rowOf(rule: ListedHoldRule): string[] {
  return [String(rule.id), localTime(rule.createdMs), conditions(rule), plain(rule.reason)];
}

function conditions({ account, senderDomain, recipientDomain }: ListedHoldRule): string {
  return [
    ...(account === null ? [] : [`of ${plain(account)}`]),
    ...(senderDomain === null ? [] : [`from ${plain(senderDomain)}`]),
    ...(recipientDomain === null ? [] : [`to ${plain(recipientDomain)}`]),
  ].join(' ');
}
