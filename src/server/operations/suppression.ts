import { writeAddress } from '#lib/address';
import { normalAddress, type Suppression } from '#mail/suppressions';
import { Arguments, OperationRefused } from './arguments.ts';
import { accountNamed, accountNames, addressNamed } from './named.ts';
import type { OperationsDeps, OperationTable } from './operations.ts';

/** One address of `suppression.list`; `account` is a name. */
export type ListedSuppression = Omit<Suppression, 'account'> & { readonly account: string };

/** Result of `suppression.list`. */
export interface SuppressionListing {
  readonly items: readonly ListedSuppression[];
  /** Whether there are more than the limit. */
  readonly isCut: boolean;
}

/** Result of `suppression.add` and `suppression.remove`. */
export interface ChangedSuppression {
  readonly account: string;
  /** As it is kept. */
  readonly address: string;
}

/** Commands about addresses that accounts do not send to. */
export const suppressionCommands: OperationTable = {
  'suppression.list': listOperation,
  'suppression.add': addOperation,
  'suppression.remove': removeOperation,
};

const defaultLimit = 1000;
const maxLimit = 100_000;
const maxReasonChars = 500;

async function listOperation(deps: OperationsDeps, args: unknown): Promise<SuppressionListing> {
  const given = new Arguments(args, ['account', 'limit']);
  const named = given.optionalText('account');
  const limit = given.optionalNumber('limit', 1, maxLimit) ?? defaultLimit;
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
}

async function addOperation(deps: OperationsDeps, args: unknown): Promise<ChangedSuppression> {
  const given = new Arguments(args, ['account', 'address', 'reason']);
  const { id, name } = await accountNamed(deps, given.text('account'));
  const address = writeAddress(addressNamed(given.text('address')));
  const reason = given.optionalText('reason') ?? '';
  if (reason.length > maxReasonChars)
    throw new OperationRefused(`the reason is longer than ${maxReasonChars} characters`);
  await deps.suppressions.add({ account: id, address, source: 'operator', reason, message: null });
  const added = { account: name, address: normalAddress(address) };
  deps.log.info('suppression.added', added);
  return added;
}

async function removeOperation(deps: OperationsDeps, args: unknown): Promise<ChangedSuppression> {
  const given = new Arguments(args, ['account', 'address']);
  const { id, name } = await accountNamed(deps, given.text('account'));
  const address = normalAddress(writeAddress(addressNamed(given.text('address'))));
  if (!(await deps.suppressions.remove(id, address))) {
    throw new OperationRefused(`${address} is not on the suppression list of ${name}`);
  }
  const removed = { account: name, address };
  deps.log.info('suppression.removed', removed);
  return removed;
}
