import { z } from 'zod';
import { queueId, type QueueId, type RecipientId } from '#lib/ids';
import type { Queue, QueueFilter, RecipientState } from '#mail/queue';
import type { Clock } from '#ports/clock';
import { flag, listOf, OperationRefused, optionalText, wholeNumber } from './arguments.ts';
import { accountNamed, type AccountListDeps } from './named.ts';

/** Dependencies of operations that take a filter. */
export interface QueueFilterDeps extends AccountListDeps {
  readonly queue: Pick<Queue, 'find'>;
  readonly clock: Clock;
}

const states = ['queued', 'leased', 'delivered', 'failed', 'dropped'] as const satisfies readonly RecipientState[];
const waiting: readonly RecipientState[] = ['queued', 'leased'];
const maxIds = 1000;
/** A message, `76`, or one recipient of it, `76.1`. */
const namePattern = /^([1-9]\d{0,14})(?:\.([1-9]\d{0,8}))?$/;

/** State of a recipient in arguments and results. */
export const recipientState = z.enum(states);

/** Arguments that say which recipients are meant: all conditions given must hold. */
export const filterShape = {
  ids: listOf(
    'ids such as 76 or 76.1',
    (error) => z.string(error).regex(namePattern, error),
    `Ids of messages, such as 76, or of recipients, such as 76.1; ${maxIds} at most.`,
  ),
  message: wholeNumber(1, Number.MAX_SAFE_INTEGER, 'Number of a message.').optional(),
  account: optionalText('Submitted by this account.'),
  sender: optionalText('Sender in the envelope; empty for notices.'),
  recipient: optionalText('Address of the recipient.'),
  domain: optionalText('Domain of the recipient.'),
  states: listOf(states.join(', '), (error) => z.enum(states, error), 'In these states; leased: in delivery now.'),
  hold: flag('On hold, or not.'),
  olderThanMs: wholeNumber(0, Number.MAX_SAFE_INTEGER, 'Accepted longer ago than this.').optional(),
};

/** Arguments of operations that change what they match: no queue is emptied by omission. */
export const namedFilterShape = {
  ...filterShape,
  all: flag('All recipients; needed when no condition is given.'),
};

type FilterArguments = z.output<z.ZodObject<typeof filterShape, z.core.$strict>>;

/** Reads the filter of an operation that changes what it matches. @throws OperationRefused when it names nothing and `all` is not true. */
export async function namedFilter(
  deps: QueueFilterDeps,
  { all, ...given }: FilterArguments & { readonly all?: boolean | undefined },
): Promise<QueueFilter> {
  const filter = await readFilter(deps, given);
  if (Object.keys(filter).length === 0 && all !== true) {
    throw new OperationRefused('say which recipients are meant, with --to, --domain or another filter, or with --all');
  }
  return filter;
}

/** Reads a filter; without conditions it means all. @throws OperationRefused for ids and accounts that there are not. */
export async function readFilter(deps: QueueFilterDeps, given: FilterArguments): Promise<QueueFilter> {
  const { olderThanMs, account, hold, message, ids: names } = given;
  if ((names?.length ?? 0) > maxIds) throw new OperationRefused(`more than ${maxIds} ids`);
  const filter = {
    ids: names === undefined ? undefined : await recipientsNamed(deps, names),
    message: message === undefined ? undefined : await messageNamed(deps, message),
    account: account === undefined ? undefined : (await accountNamed(deps, account)).id,
    sender: given.sender,
    recipient: given.recipient,
    domain: given.domain,
    // What has ended is no longer on hold.
    states: given.states ?? (hold === true ? waiting : undefined),
    hold,
    receivedBeforeMs: olderThanMs === undefined ? undefined : deps.clock.now() - olderThanMs,
  };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

/** Row ids of the recipients with these names. @throws OperationRefused when one of the names is not in the queue, so that nothing is changed by half. */
async function recipientsNamed(
  { queue }: Pick<QueueFilterDeps, 'queue'>,
  names: readonly string[],
): Promise<readonly RecipientId[]> {
  const found: RecipientId[] = [];
  for (const name of names) {
    const ids = await queue.find([parseName(name)]);
    if (ids.length === 0) throw notInQueue(name);
    found.push(...ids);
  }
  return [...new Set(found)].toSorted((a, b) => a - b);
}

/** Returns the number of a message. @throws OperationRefused when it is not in the queue. */
async function messageNamed({ queue }: Pick<QueueFilterDeps, 'queue'>, number: number): Promise<QueueId> {
  const message = queueId(number);
  if ((await queue.find([{ message, number: null }])).length === 0) throw notInQueue(String(message));
  return message;
}

/** The refusal of a name that nothing in the queue has. */
export function notInQueue(name: string): OperationRefused {
  const what = name.includes('.') ? `no recipient ${name}` : `no message ${name}`;
  return new OperationRefused(
    `there is ${what} in the queue. 'godwit queue list --all' lists what is there; finished messages go after queue.keepFinished`,
  );
}

/** Reads the name of a message or of one recipient. @throws OperationRefused when it is none. */
export function parseName(name: string): Parameters<Queue['find']>[0][number] {
  const [, message, number] = namePattern.exec(name) ?? [];
  if (message === undefined)
    throw new OperationRefused(`${name} is no id: write 76 for a message, 76.1 for a recipient`);
  return { message: queueId(Number(message)), number: number === undefined ? null : Number(number) };
}
