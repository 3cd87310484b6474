import type { HoldRule } from '#mail/queue';
import { Arguments, OperationRefused, refuseArguments } from './arguments.ts';
import { accountNamed, accountNames, domainNamed } from './named.ts';
import type { OperationsDeps, OperationTable } from './operations.ts';

/** One rule of `holdRule.list`; `account` is a name, null for mail of all. */
export type ListedHoldRule = Omit<HoldRule, 'account'> & { readonly account: string | null };

/** Commands about rules by which new mail is held. */
export const holdRuleCommands: OperationTable = {
  'holdRule.add': addOperation,
  'holdRule.list': listOperation,
  'holdRule.remove': removeOperation,
};

const maxReasonChars = 500;

async function addOperation(deps: OperationsDeps, args: unknown): Promise<ListedHoldRule> {
  const given = new Arguments(args, ['account', 'senderDomain', 'recipientDomain', 'reason']);
  const named = given.optionalText('account');
  const senderDomain = given.optionalText('senderDomain');
  const recipientDomain = given.optionalText('recipientDomain');
  const reason = given.optionalText('reason') ?? '';
  if (reason.length > maxReasonChars)
    throw new OperationRefused(`the reason is longer than ${maxReasonChars} characters`);
  if (named === undefined && senderDomain === undefined && recipientDomain === undefined) {
    throw new OperationRefused('name an account, a domain of senders or a domain of recipients');
  }
  const account = named === undefined ? null : await accountNamed(deps, named);
  const conditions = {
    account: account?.id ?? null,
    senderDomain: senderDomain === undefined ? null : domainNamed(senderDomain),
    recipientDomain: recipientDomain === undefined ? null : domainNamed(recipientDomain),
  };
  const rule = await deps.holdRules.add(conditions, reason);
  deps.log.info('queue.holdRuleAdded', { ...conditions, rule: rule.id });
  return { ...rule, account: account?.name ?? null };
}

async function listOperation(deps: OperationsDeps, args: unknown): Promise<readonly ListedHoldRule[]> {
  refuseArguments(args);
  const nameOf = await accountNames(deps);
  return (await deps.holdRules.list()).map((rule) => ({
    ...rule,
    account: rule.account === null ? null : nameOf(rule.account),
  }));
}

async function removeOperation(deps: OperationsDeps, args: unknown): Promise<{ readonly id: number }> {
  const id = new Arguments(args, ['id']).optionalNumber('id', 1, Number.MAX_SAFE_INTEGER);
  if (id === undefined) throw new OperationRefused('id is missing');
  if (!(await deps.holdRules.remove(id))) throw new OperationRefused(`there is no hold rule ${id}`);
  deps.log.info('queue.holdRuleRemoved', { rule: id });
  return { id };
}
