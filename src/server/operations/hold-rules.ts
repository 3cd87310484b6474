import { z } from 'zod';
import type { HoldRules } from '#mail/queue';
import type { Log } from '#ports/log';
import { OperationRefused, optionalText, shortText, wholeNumber } from './arguments.ts';
import { defineOperation } from './define-operation.ts';
import { accountNamed, accountNames, domainNamed, type AccountListDeps } from './named.ts';

interface HoldRuleDeps extends AccountListDeps {
  readonly holdRules: Pick<HoldRules, 'add' | 'list' | 'remove'>;
  readonly log: Log;
}

const maxReasonChars = 500;

const listedHoldRule = z.strictObject({
  id: z.number(),
  account: z.string().nullable().describe('Name of the account whose mail is held, null for mail of all.'),
  senderDomain: z.string().nullable().describe('In ASCII; null for any.'),
  recipientDomain: z.string().nullable().describe('In ASCII; null for any.'),
  reason: z.string().describe('A note for people.'),
  createdMs: z.number().describe('Milliseconds since 1970.'),
});

/** One rule of `holdRule.list`. */
export type ListedHoldRule = z.output<typeof listedHoldRule>;

/** `holdRule.add`. */
export const holdRuleAdd = defineOperation({
  name: 'holdRule.add',
  summary: 'Hold new mail that meets all conditions given; one at least',
  permission: 'operator',
  command: 'queue hold-rule add',
  args: {
    account: optionalText('Submitted by this account.'),
    senderDomain: optionalText('Domain of the sender in the envelope.'),
    recipientDomain: optionalText('Domain of the recipient.'),
    reason: shortText('reason', maxReasonChars, 'A note, shown with what is held.'),
  },
  result: listedHoldRule,
  run: async (deps: HoldRuleDeps, { account: named, senderDomain, recipientDomain, reason = '' }) => {
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
  },
});

/** `holdRule.list`. */
export const holdRuleList = defineOperation({
  name: 'holdRule.list',
  summary: 'List the rules by which new mail is held',
  permission: 'operator',
  command: 'queue hold-rule list',
  args: {},
  result: z.array(listedHoldRule).readonly(),
  run: async (deps: HoldRuleDeps) => {
    const nameOf = await accountNames(deps);
    return (await deps.holdRules.list()).map((rule) => ({
      ...rule,
      account: rule.account === null ? null : nameOf(rule.account),
    }));
  },
});

/** `holdRule.remove`. */
export const holdRuleRemove = defineOperation({
  name: 'holdRule.remove',
  summary: 'Remove a rule; what it held stays on hold',
  permission: 'operator',
  command: 'queue hold-rule remove',
  args: { id: wholeNumber(1, Number.MAX_SAFE_INTEGER, 'Id of the rule.') },
  result: z.strictObject({ id: z.number() }),
  run: async (deps: HoldRuleDeps, { id }) => {
    if (!(await deps.holdRules.remove(id))) throw new OperationRefused(`there is no hold rule ${id}`);
    deps.log.info('queue.holdRuleRemoved', { rule: id });
    return { id };
  },
});
