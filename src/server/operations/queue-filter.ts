import { queueId, type QueueId, type RecipientId } from '#lib/ids';
import type { Queue, QueueFilter, RecipientState } from '#mail/queue';
import { Arguments, OperationRefused } from './arguments.ts';
import { accountNamed } from './named.ts';
import type { OperationsDeps } from './operations.ts';

/** Names of the arguments that say which recipients are meant. */
export const filterArguments = [
  'ids',
  'message',
  'account',
  'sender',
  'recipient',
  'domain',
  'states',
  'hold',
  'olderThanMs',
] as const;

const states: readonly RecipientState[] = ['queued', 'leased', 'delivered', 'failed', 'dropped'];
const waiting: readonly RecipientState[] = ['queued', 'leased'];
const maxIds = 1000;

/** The filter of a command that changes what it matches and takes nothing else. @throws OperationRefused when it names nothing. */
export function filterOf(deps: OperationsDeps, args: unknown): Promise<QueueFilter> {
  return readFilter(deps, new Arguments(args, [...filterArguments, 'all']), 'must be named');
}

/**
 * Reads a filter.
 * @param all  `must be named`: without any condition the argument `all: true` is needed, so that no queue is emptied by omission.
 * @throws OperationRefused
 */
export async function readFilter(
  deps: OperationsDeps,
  given: Arguments,
  all: 'is meant' | 'must be named' = 'is meant',
): Promise<QueueFilter> {
  const olderThanMs = given.optionalNumber('olderThanMs', 0, Number.MAX_SAFE_INTEGER);
  const account = given.optionalText('account');
  const hold = given.optionalFlag('hold');
  const message = given.optionalNumber('message', 1, Number.MAX_SAFE_INTEGER);
  const names = given.optionalList('ids', 'ids such as 76 or 76.1', isName);
  if ((names?.length ?? 0) > maxIds) throw new OperationRefused(`more than ${maxIds} ids`);
  const filter = {
    ids: names === undefined ? undefined : await recipientsNamed(deps, names),
    message: message === undefined ? undefined : await messageNamed(deps, message),
    account: account === undefined ? undefined : (await accountNamed(deps, account)).id,
    sender: given.optionalText('sender'),
    recipient: given.optionalText('recipient'),
    domain: given.optionalText('domain'),
    // What has ended is no longer on hold.
    states: given.optionalList('states', states.join(', '), isState) ?? (hold === true ? waiting : undefined),
    hold,
    receivedBeforeMs: olderThanMs === undefined ? undefined : deps.clock.now() - olderThanMs,
  };
  const conditions = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
  if (all === 'must be named' && Object.keys(conditions).length === 0 && given.optionalFlag('all') !== true) {
    throw new OperationRefused('say which recipients are meant, with --to, --domain or another filter, or with --all');
  }
  return conditions;
}

/** A message, `76`, or one recipient of it, `76.1`. */
const namePattern = /^([1-9]\d{0,14})(?:\.([1-9]\d{0,8}))?$/;

function isName(value: unknown): value is string {
  return typeof value === 'string' && namePattern.test(value);
}

/** Row ids of the recipients with these names. @throws OperationRefused when one of the names is not in the queue, so that nothing is changed by half. */
async function recipientsNamed({ queue }: OperationsDeps, names: readonly string[]): Promise<readonly RecipientId[]> {
  const found: RecipientId[] = [];
  for (const name of names) {
    const ids = await queue.find([parseName(name)]);
    if (ids.length === 0) throw notInQueue(name);
    found.push(...ids);
  }
  return [...new Set(found)].toSorted((a, b) => a - b);
}

/** Returns the number of a message. @throws OperationRefused when it is not in the queue. */
async function messageNamed({ queue }: OperationsDeps, number: number): Promise<QueueId> {
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

function isState(value: unknown): value is RecipientState {
  return states.some((state) => state === value);
}
