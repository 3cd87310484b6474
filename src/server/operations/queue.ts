import type { AttemptRecord, QueueItem } from '#mail/queue';
import { Arguments } from './arguments.ts';
import { accountNames } from './named.ts';
import type { OperationsDeps, OperationTable } from './operations.ts';
import { filterArguments, filterOf, notInQueue, parseName, readFilter } from './queue-filter.ts';

/** One recipient of `queue.list`; `id` is `message.number`, `account` is its name, null for mail of the server itself. */
export type ListedRecipient = Omit<QueueItem, 'id' | 'account'> & {
  readonly id: string;
  readonly account: string | null;
};

/** Result of `queue.list`: one page. */
export interface QueueListing {
  readonly items: readonly ListedRecipient[];
  /** Argument `after` of the next page; null when this is the last one. */
  readonly next: number | null;
}

/** Result of `queue.show`. */
export interface ShownRecipients {
  /** Never empty. */
  readonly items: readonly ListedRecipient[];
  /** The message has more recipients. */
  readonly isCut: boolean;
  /** Of the recipient, when there is one; empty otherwise. */
  readonly attempts: readonly AttemptRecord[];
}

/** Result of `queue.count`. */
export interface CountedRecipients {
  readonly recipients: number;
  readonly messages: number;
}

/** Result of the commands that change recipients. */
interface Changed {
  readonly count: number;
}

/** Commands about the queue. */
export const queueCommands: OperationTable = {
  'queue.list': listOperation,
  'queue.show': showOperation,
  'queue.count': countOperation,
  'queue.kick': async (deps, args) => ({ count: await deps.queue.kick(await filterOf(deps, args)) }),
  'queue.hold': async (deps, args) => ({ count: await deps.queue.hold(await filterOf(deps, args), true) }),
  'queue.release': async (deps, args) => ({ count: await deps.queue.hold(await filterOf(deps, args), false) }),
  'queue.drop': dropOperation,
  'queue.fail': failOperation,
};

/** Recipients of one answer: its JSON is made in one piece, which is to take a few milliseconds. */
const pageRecipients = 250;

async function listOperation(deps: OperationsDeps, args: unknown): Promise<QueueListing> {
  const given = new Arguments(args, [...filterArguments, 'limit', 'after']);
  const limit = given.optionalNumber('limit', 1, pageRecipients) ?? pageRecipients;
  const after = given.optionalNumber('after', 0, Number.MAX_SAFE_INTEGER) ?? 0;
  const filter = await readFilter(deps, given);
  // Of many ids, those that may be on this page.
  const ids = filter.ids?.filter((id) => id > after).slice(0, limit + 1);
  const found = await deps.queue.list({ ...filter, ...(ids !== undefined && { ids }) }, limit, after);
  const last = found.length === limit ? found.at(-1)?.id : ids?.at(-1);
  const isLast = ids === undefined ? found.length < limit : (filter.ids?.at(-1) ?? 0) <= (last ?? 0);
  return { items: await withNames(deps, found), next: isLast ? null : (last ?? null) };
}

async function showOperation(deps: OperationsDeps, args: unknown): Promise<ShownRecipients> {
  const name = new Arguments(args, ['id']).text('id');
  const ids = await deps.queue.find([parseName(name)]);
  const shown = ids.slice(0, pageRecipients);
  const items = await withNames(deps, await deps.queue.list({ ids: shown }, pageRecipients));
  if (items.length === 0) throw notInQueue(name);
  const [only, ...others] = shown;
  const attempts = only === undefined || others.length > 0 ? [] : await deps.queue.attempts(only);
  return { items, isCut: ids.length > shown.length, attempts };
}

/** Counts the recipients that a drop or a failure with the same filter would end: those that wait. */
async function countOperation(deps: OperationsDeps, args: unknown): Promise<CountedRecipients> {
  const filter = await filterOf(deps, args);
  const messages = new Set<number>();
  let recipients = 0;
  for (let after = 0; ;) {
    const page = await deps.queue.list(filter, pageRecipients, after);
    for (const { state, message } of page) {
      if (state !== 'queued') continue;
      recipients += 1;
      messages.add(message);
    }
    after = page.at(-1)?.id ?? after;
    if (page.length < pageRecipients) return { recipients, messages: messages.size };
  }
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
  return items.map((item) => ({
    ...item,
    id: `${item.message}.${item.number}`,
    account: item.account === null ? null : nameOf(item.account),
  }));
}
