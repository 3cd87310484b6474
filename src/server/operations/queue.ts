import type { AttemptRecord, QueueItem } from '#mail/queue';
import { Arguments, OperationRefused } from './arguments.ts';
import { accountNames } from './named.ts';
import type { OperationsDeps, OperationTable } from './operations.ts';
import { filterArguments, filterOf, readFilter } from './queue-filter.ts';

/** One recipient of `queue.list`; `account` is its name, null for mail of the server itself. */
export type ListedRecipient = Omit<QueueItem, 'account'> & { readonly account: string | null };

/** Result of `queue.list`. */
export interface QueueListing {
  readonly items: readonly ListedRecipient[];
  /** Whether there are more than the limit. */
  readonly isCut: boolean;
}

/** Result of `queue.show`. */
export interface ShownRecipient {
  readonly item: ListedRecipient;
  readonly attempts: readonly AttemptRecord[];
}

/** Result of the commands that change recipients. */
interface Changed {
  readonly count: number;
}

/** Commands about the queue. */
export const queueCommands: OperationTable = {
  'queue.list': listOperation,
  'queue.show': showOperation,
  'queue.kick': async (deps, args) => ({ count: await deps.queue.kick(await filterOf(deps, args)) }),
  'queue.hold': async (deps, args) => ({ count: await deps.queue.hold(await filterOf(deps, args), true) }),
  'queue.release': async (deps, args) => ({ count: await deps.queue.hold(await filterOf(deps, args), false) }),
  'queue.drop': dropOperation,
  'queue.fail': failOperation,
};

const defaultLimit = 1000;
const maxLimit = 20_000;
const batch = 500;

async function listOperation(deps: OperationsDeps, args: unknown): Promise<QueueListing> {
  const given = new Arguments(args, [...filterArguments, 'limit']);
  const limit = given.optionalNumber('limit', 1, maxLimit) ?? defaultLimit;
  const filter = await readFilter(deps, given);
  const items: QueueItem[] = [];
  for (let more = true; more && items.length <= limit;) {
    const wanted = Math.min(batch, limit + 1 - items.length);
    const found = await deps.queue.list(filter, wanted, items.at(-1)?.id ?? 0);
    items.push(...found);
    more = found.length === wanted;
  }
  return { items: await withNames(deps, items.slice(0, limit)), isCut: items.length > limit };
}

async function showOperation(deps: OperationsDeps, args: unknown): Promise<ShownRecipient> {
  const id = new Arguments(args, ['id']).optionalNumber('id', 1, Number.MAX_SAFE_INTEGER);
  if (id === undefined) throw new OperationRefused('id is missing');
  const [item] = await withNames(deps, await deps.queue.list({ ids: [id] }));
  if (item === undefined) throw new OperationRefused(`nothing in the queue has the id ${id}`);
  return { item, attempts: await deps.queue.attempts(id) };
}

async function dropOperation(deps: OperationsDeps, args: unknown): Promise<Changed> {
  const count = await deps.queue.drop(await filterOf(deps, args));
  deps.log.info('queue.dropped', { count });
  return { count };
}

async function failOperation(deps: OperationsDeps, args: unknown): Promise<Changed> {
  const given = new Arguments(args, [...filterArguments, 'all', 'reason']);
  const reason = given.optionalText('reason');
  const count = await deps.queue.fail(await readFilter(deps, given, 'must be named'), reason);
  deps.log.info('queue.failedByOperator', { count });
  return { count };
}

async function withNames(deps: OperationsDeps, items: readonly QueueItem[]): Promise<ListedRecipient[]> {
  const nameOf = await accountNames(deps);
  return items.map((item) => ({ ...item, account: item.account === null ? null : nameOf(item.account) }));
}
