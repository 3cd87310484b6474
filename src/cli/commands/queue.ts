import { sessionLines } from '#mail/story';
import type { ListedRecipient, QueueListing, ShownRecipient } from '#server/operations';
import { callServer } from '../connection.ts';
import { configFolder } from '../folder.ts';
import type { QueueOptions } from '../program-queue.ts';
import { queueFilter, wholeNumber } from '../queue-filter.ts';
import { localTime, plain, print, printJson, table } from '../terminal.ts';

/** Lists recipients. @returns the exit code. */
export async function queueList(options: QueueOptions): Promise<number> {
  const limit = wholeNumber('--limit', options.limit ?? '1000');
  const args = { ...queueFilter(options), limit };
  const { items, isCut } = (await callServer(configFolder(options), 'queue.list', args)) as QueueListing;
  if (options.json === true) printJson(items);
  else if (items.length === 0) print('Nothing in the queue.');
  else {
    const head = ['id', 'message', 'state', 'tries', 'next try', 'from', 'to', 'last reply'];
    print(...table([head, ...items.map(rowOf)]));
    if (isCut) print(`There are more than ${limit}: use --limit, or filters.`);
  }
  return 0;
}

/** Shows one recipient with its attempts. @returns the exit code. */
export async function queueShow(id: string, options: QueueOptions): Promise<number> {
  const args = { id: wholeNumber('id', id) };
  const shown = (await callServer(configFolder(options), 'queue.show', args)) as ShownRecipient;
  if (options.json === true) {
    printJson(shown);
    return 0;
  }
  const { item, attempts } = shown;
  print(
    ...table([
      ['id', String(item.id)],
      ['message', String(item.message)],
      ['from', sender(item)],
      ['to', plain(item.recipient)],
      ['state', stateOf(item)],
      ['account', item.account ?? '(the server itself)'],
      ...(item.transport === null ? [] : [['transport', `${item.transport}, set by an operator`]]),
      ...(item.tls === null ? [] : [['TLS', `${item.tls}, set by an operator`]]),
      ['Message-ID', plain(item.messageId ?? '(none)')],
      ['size', `${item.sizeBytes} bytes`],
      ['accepted', localTime(item.receivedMs)],
      item.finishedMs === null ? ['next try', nextTry(item)] : ['finished', localTime(item.finishedMs)],
      ['last reply', plain(item.lastReply ?? '(none)')],
    ]),
  );
  if (attempts.length > 0) print('', 'Attempts:');
  for (const { startMs, durationMs, host, ip, outcome, reply, route, session } of attempts) {
    const where = plain(host ?? 'no host reached') + (ip === null ? '' : ` [${ip}]`);
    print(`  ${localTime(startMs)}  ${outcome} after ${durationMs} ms, ${where}: ${plain(reply)}`);
    const lines = [
      ...(route === null ? [] : route.split('\n')),
      ...(session === null ? [] : sessionLines(session, options.verbose === true)),
    ];
    if (lines.length > 0) print(...lines.map((line) => `      ${plain(line)}`));
  }
  return 0;
}

/** Changes the recipients that match. @returns the exit code. */
export async function queueChange(
  change: 'kick' | 'hold' | 'release' | 'drop' | 'fail',
  options: QueueOptions,
): Promise<number> {
  const args = {
    ...queueFilter(options),
    ...(options.all === true && { all: true }),
    ...(options.reason !== undefined && { reason: options.reason }),
  };
  const { count } = (await callServer(configFolder(options), `queue.${change}`, args)) as { readonly count: number };
  print(`${count} ${count === 1 ? 'recipient' : 'recipients'} ${done[change]}.`);
  return 0;
}

const done = {
  kick: 'to be tried now',
  hold: 'put on hold',
  release: 'released',
  drop: 'dropped',
  fail: 'failed',
} as const;

function rowOf(item: ListedRecipient): string[] {
  return [
    String(item.id),
    String(item.message),
    stateOf(item),
    String(item.attempts),
    item.finishedMs === null && !item.hold ? localTime(item.nextAttemptMs) : '',
    sender(item),
    plain(item.recipient),
    plain(item.lastReply ?? ''),
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
