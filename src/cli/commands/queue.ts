import { joinReplyLines } from '#lib/smtp';
import { sessionLines } from '#mail/story';
import type { ArgumentsOf, CallOperation, ListedRecipient, ResultOf, ShownRecipients } from '#server/operations';
import { confirm, counted } from '../confirm.ts';
import { callServer, withServer } from '../connection.ts';
import { configFolder } from '../folder.ts';
import { reportChange } from '../queue-change.ts';
import { queueFilter, queueName, wholeNumber, type QueueOptions } from '../queue-filter.ts';
import { localTime, plain, print, printJson, table } from '../terminal.ts';

/** Lists recipients: those that wait, unless others are asked for. @returns the exit code. */
export async function queueList(options: QueueOptions): Promise<number> {
  const limit = wholeNumber('--limit', options.limit ?? '1000');
  const named = options.all === true || options.id !== undefined || options.message !== undefined;
  const isWaiting = !named && options.state === undefined;
  const args = { ...queueFilter(options), ...(isWaiting && { states: ['queued', 'leased'] as const }) };
  const { items, next } = await withServer(configFolder(options), (call) => listed(call, args, limit));
  if (options.json === true) printJson(items);
  else if (items.length === 0) {
    print(isWaiting ? 'Nothing waits in the queue. Finished messages are listed with --all.' : 'Nothing is found.');
  } else {
    const head = ['id', 'state', 'tries', 'next try', 'from', 'to', 'last reply'];
    print(...table([head, ...items.map(rowOf)]));
    if (next !== null) print(`There may be more than ${limit}: use --limit, or filters.`);
  }
  return 0;
}

const pageRecipients = 250;

/** Recipients page by page, at most `limit`. */
async function listed(
  call: CallOperation,
  args: ArgumentsOf<'queue.list'>,
  limit: number,
): Promise<{ readonly items: readonly ListedRecipient[]; readonly next: number | null }> {
  const items: ListedRecipient[] = [];
  let next: number | null = 0;
  while (next !== null && items.length < limit) {
    const size = Math.min(pageRecipients, limit - items.length);
    const page: ResultOf<'queue.list'> = await call('queue.list', { ...args, limit: size, after: next });
    items.push(...page.items);
    ({ next } = page);
  }
  return { items, next };
}

/** Shows a message with its recipients, or one recipient with its attempts. @returns the exit code. */
export async function queueShow(id: string, options: QueueOptions): Promise<number> {
  const args = { id: queueName('id', id) };
  const shown = await callServer(configFolder(options), 'queue.show', args);
  if (options.json === true) {
    printJson(shown);
    return 0;
  }
  const [item, ...others] = shown.items;
  if (item === undefined) return 1;
  if (others.length === 0) showOne(item, shown.attempts, options);
  else showMessage(item, shown);
  return 0;
}

function showMessage(first: ListedRecipient, { items, isCut }: ShownRecipients): void {
  const head = ['id', 'state', 'tries', 'next try', 'from', 'to', 'last reply'];
  print(
    ...table([['message', String(first.message)], ...messageRows(first)]),
    '',
    ...table([head, ...items.map(rowOf)]),
    ...(isCut ? [`There are more; 'godwit queue list --id ${first.message} --limit 100000' has all.`] : []),
    '',
    `The attempts at one: godwit queue show ${first.id}; the whole story: godwit why ${first.message}`,
  );
}

function messageRows(item: ListedRecipient): string[][] {
  return [
    ['from', sender(item)],
    ['account', item.account ?? '(the server itself)'],
    ['Message-ID', plain(item.messageId ?? '(none)')],
    ['size', `${item.sizeBytes} bytes`],
    ['accepted', localTime(item.receivedMs)],
  ];
}

function showOne(item: ListedRecipient, attempts: ShownRecipients['attempts'], options: QueueOptions): void {
  print(
    ...table([
      ['id', item.id],
      ...messageRows(item),
      ['to', plain(item.recipient)],
      ['state', stateOf(item)],
      ...(item.transport === null ? [] : [['transport', `${item.transport}, set by an operator`]]),
      ...(item.tls === null ? [] : [['TLS', `${item.tls}, set by an operator`]]),
      item.finishedMs === null ? ['next try', nextTry(item)] : ['finished', localTime(item.finishedMs)],
      ...labelled('last reply', linesOf(item.lastReply ?? '(none)')),
    ]),
  );
  if (attempts.length > 0) print('', 'Attempts:');
  for (const { startMs, durationMs, host, ip, outcome, reply, route, session } of attempts) {
    const where = plain(host ?? 'no host reached') + (ip === null ? '' : ` [${ip}]`);
    const said = linesOf(reply);
    const [only = ''] = said;
    print(
      `  ${localTime(startMs)}  ${outcome} after ${durationMs} ms, ${where}${said.length === 1 ? `: ${only}` : ''}`,
    );
    const lines = [
      ...(said.length > 1 ? said : []),
      ...(route === null ? [] : route.split('\n')),
      ...(session === null ? [] : sessionLines(session, options.verbose === true)),
    ];
    if (lines.length > 0) print(...lines.map((line) => `      ${plain(line)}`));
  }
}

/** Changes the recipients that match. @returns the exit code: 1 when none does. */
export async function queueChange(
  change: 'kick' | 'hold' | 'release' | 'drop' | 'fail',
  options: QueueOptions,
): Promise<number> {
  const args = { ...queueFilter(options), all: options.all };
  return await withServer(configFolder(options), async (call) => {
    if (change === 'drop' || change === 'fail') await confirmEnd(call, change, options);
    const { count } = await (change === 'fail'
      ? call('queue.fail', { ...args, reason: options.reason })
      : call(`queue.${change}`, args));
    const asAsked =
      count === 0 && (change === 'hold' || change === 'release') ? (await waiting(call, options)).recipients : 0;
    if (asAsked === 0) return reportChange(count, done[change], options);
    print(
      `${counted(asAsked, 'recipient')} ${change === 'hold' ? 'on hold' : 'not on hold'} already; nothing changed.`,
    );
    return 0;
  });
}

async function confirmEnd(call: CallOperation, change: 'drop' | 'fail', options: QueueOptions): Promise<void> {
  const { recipients, messages } = await waiting(call, options);
  if (recipients === 0) return;
  const senders = change === 'drop' ? 'their senders get no notice' : 'their senders get a notice';
  const what = `${counted(recipients, 'recipient')} of ${counted(messages, 'message')}`;
  await confirm(`${what} will be ${done[change]}; ${senders}.`, options);
}

/** Counts the recipients that wait among those that the options name. */
async function waiting(call: CallOperation, options: QueueOptions): Promise<ResultOf<'queue.count'>> {
  return await call('queue.count', { ...queueFilter(options), all: options.all });
}

const done = {
  kick: 'to be tried now',
  hold: 'put on hold',
  release: 'released',
  drop: 'dropped',
  fail: 'failed',
} as const;

/** Lines of a reply or reason, safe to print. */
function linesOf(reply: string): string[] {
  return reply
    .split('\n')
    .filter((line) => line !== '')
    .map(plain);
}

/** Rows of a table for a value of several lines. */
function labelled(label: string, lines: readonly string[]): string[][] {
  return lines.map((line, i) => [i === 0 ? label : '', line]);
}

function rowOf(item: ListedRecipient): string[] {
  return [
    item.id,
    stateOf(item),
    String(item.attempts),
    item.finishedMs === null && !item.hold ? localTime(item.nextAttemptMs) : '',
    sender(item),
    plain(item.recipient),
    plain(joinReplyLines(item.lastReply ?? '')),
  ];
}

function stateOf({ state, hold }: ListedRecipient): string {
  if (state === 'leased') return 'in delivery';
  return hold && state === 'queued' ? 'on hold' : state;
}

function nextTry({ state, hold, nextAttemptMs }: ListedRecipient): string {
  const at = localTime(nextAttemptMs);
  if (state === 'leased') return 'now';
  if (hold) return 'when it is released';
  return nextAttemptMs < Date.now() ? `${at}, as soon as the server and the limits of its transport let it` : at;
}

function sender(item: ListedRecipient): string {
  return item.sender === '' ? '<>' : plain(item.sender);
}
