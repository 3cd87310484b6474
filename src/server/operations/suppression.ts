import { z } from 'zod';
import { writeAddress } from '#lib/address';
import { normalAddress, type Suppression, type Suppressions } from '#mail/suppressions';
import type { Log } from '#ports/log';
import { OperationRefused, optionalText, shortText, text, wholeNumber } from './arguments.ts';
import { defineOperation } from './define-operation.ts';
import { accountNamed, accountNames, addressNamed, type AccountListDeps } from './named.ts';

interface SuppressionDeps extends AccountListDeps {
  readonly suppressions: Pick<Suppressions, 'list' | 'add' | 'remove'>;
  readonly log: Log;
}

const defaultLimit = 1000;
const maxLimit = 100_000;
const maxReasonChars = 500;

const listedSuppression = z.strictObject({
  account: z.string(),
  address: z.string().describe('In its normal form.'),
  source: z
    .enum(['operator', 'refused', 'notice'])
    .describe('What led to it: a command, the refusal of a host, a notice.'),
  reason: z.string(),
  message: z.number().nullable().describe('Number of the queued message that led to it, null for none.'),
  createdMs: z.number().describe('Milliseconds since 1970.'),
  untilMs: z.number().nullable().describe('Milliseconds since 1970; null until it is removed.'),
});

/** One address of `suppression.list`; `account` is a name. */
export type ListedSuppression = z.output<typeof listedSuppression>;

const changedSuppression = z.strictObject({
  account: z.string(),
  address: z.string().describe('As it is kept.'),
});

/** `suppression.list`. */
export const suppressionList = defineOperation({
  name: 'suppression.list',
  summary: 'List addresses that accounts do not send to',
  permission: { ownAccount: 'account' },
  command: 'suppression list',
  args: {
    account: optionalText('Of this account only.'),
    limit: wholeNumber(1, maxLimit, `At most this many; ${defaultLimit} when absent.`).optional(),
  },
  result: z.strictObject({
    items: z.array(listedSuppression).readonly(),
    isCut: z.boolean().describe('There are more than the limit.'),
  }),
  run: async (deps: SuppressionDeps, { account: named, limit = defaultLimit }) => {
    const account = named === undefined ? null : (await accountNamed(deps, named)).id;
    const found: Suppression[] = [];
    let isCut = true;
    while (isCut && found.length < limit) {
      const after = found.at(-1);
      const page = { limit: limit - found.length, ...(after !== undefined && { after }) };
      const listed = await deps.suppressions.list(account, page);
      found.push(...listed.items);
      isCut = listed.isCut;
    }
    const nameOf = await accountNames(deps);
    return { items: found.map((item) => ({ ...item, account: nameOf(item.account) })), isCut };
  },
});

/** `suppression.add`. */
export const suppressionAdd = defineOperation({
  name: 'suppression.add',
  summary: 'Let mail of an account to an address fail at once',
  permission: { ownAccount: 'account' },
  command: 'suppression add',
  args: {
    account: text('Name of the account.'),
    address: text('Address, in any case; without a + before the @ also those with one.'),
    reason: shortText('reason', maxReasonChars, 'Shown to the account when it sends to the address.'),
  },
  result: changedSuppression,
  run: async (deps: SuppressionDeps, { account, address: given, reason = '' }) => {
    const { id, name } = await accountNamed(deps, account);
    const address = writeAddress(addressNamed(given));
    await deps.suppressions.add({ account: id, address, source: 'operator', reason, message: null });
    const added = { account: name, address: normalAddress(address) };
    deps.log.info('suppression.added', added);
    return added;
  },
});

/** `suppression.remove`. */
export const suppressionRemove = defineOperation({
  name: 'suppression.remove',
  summary: 'Let an account send to an address again',
  permission: { ownAccount: 'account' },
  command: 'suppression remove',
  args: { account: text('Name of the account.'), address: text('Address.') },
  result: changedSuppression,
  run: async (deps: SuppressionDeps, { account, address: given }) => {
    const { id, name } = await accountNamed(deps, account);
    const address = normalAddress(writeAddress(addressNamed(given)));
    if (!(await deps.suppressions.remove(id, address))) {
      throw new OperationRefused(`${address} is not on the suppression list of ${name}`);
    }
    const removed = { account: name, address };
    deps.log.info('suppression.removed', removed);
    return removed;
  },
});
