import { z } from 'zod';
import type { Queue, QueueItem } from '#mail/queue';
import { sessionRecord } from './story-results.ts';
import { text, wholeNumber } from './arguments.ts';
import { defineOperation } from './define-operation.ts';
import { accountNames, type AccountListDeps } from './named.ts';
import {
  filterShape,
  notInQueue,
  parseName,
  readFilter,
  recipientState,
  type QueueFilterDeps,
} from './queue-filter.ts';

interface QueueReaderDeps extends QueueFilterDeps {
  readonly queue: Pick<Queue, 'find' | 'list' | 'attempts'>;
}

const timeMs = z.number().describe('Milliseconds since 1970.');

const listedRecipient = z.strictObject({
  id: z.string().describe('message.number, such as 76.1.'),
  message: z.number().describe('Number of the message, shared by the recipients of one submission.'),
  number: z.number().describe('Number within the message, from 1.'),
  account: z.string().nullable().describe('Name of the account that submitted it, null for mail of the server itself.'),
  sender: z.string().describe('Reverse-path without brackets; empty for the null one.'),
  recipient: z.string(),
  state: recipientState,
  hold: z.boolean(),
  transport: z.string().nullable().describe('Transport that an operator set, null when routes decide.'),
  tls: z.enum(['required', 'optional']).nullable().describe("An operator's demand, null for that of the sender."),
  attempts: z.number(),
  receivedMs: timeMs,
  nextAttemptMs: timeMs,
  lastAttemptMs: timeMs.nullable(),
  lastReply: z
    .string()
    .nullable()
    .describe('Last word of a remote host, or why none was reached; null before the first attempt.'),
  messageId: z.string().nullable(),
  sizeBytes: z.number(),
  finishedMs: timeMs.nullable().describe('When the state became final, null before.'),
});

/** One recipient of `queue.list`. */
export type ListedRecipient = z.output<typeof listedRecipient>;

const attempt = z.strictObject({
  startMs: timeMs,
  durationMs: z.number(),
  host: z.string().nullable(),
  ip: z.string().nullable(),
  outcome: z.enum(['delivered', 'deferred', 'refused']),
  reply: z.string().describe('Code and text of the reply, or the reason.'),
  transport: z.string().nullable().describe('Transport that was used, null for none.'),
  route: z.string().nullable().describe('Destination and reasons, in lines; null when they were not recorded.'),
  session: sessionRecord.nullable().describe('Null without a connection, or when it was not recorded.'),
});

const shownRecipients = z.strictObject({
  items: z.array(listedRecipient).readonly().describe('Never empty.'),
  isCut: z.boolean().describe('The message has more recipients.'),
  attempts: z.array(attempt).readonly().describe('Of the recipient, when there is one; empty otherwise.'),
});

/** Result of `queue.show`. */
export type ShownRecipients = z.output<typeof shownRecipients>;

/** Recipients of one answer: its JSON is made in one piece, which is to take a few milliseconds. */
const pageRecipients = 250;

/** `queue.list`. */
export const queueList = defineOperation({
  name: 'queue.list',
  summary: 'List recipients that match, page by page',
  permission: 'operator',
  command: 'queue list',
  args: {
    ...filterShape,
    limit: wholeNumber(1, pageRecipients, `At most this many; ${pageRecipients} when absent.`).optional(),
    after: wholeNumber(0, Number.MAX_SAFE_INTEGER, 'Member next of the page before; 0 for the first page.').optional(),
  },
  result: z.strictObject({
    items: z.array(listedRecipient).readonly(),
    next: z.number().nullable().describe('Argument after of the next page; null when this is the last one.'),
  }),
  run: async (deps: QueueReaderDeps, { limit = pageRecipients, after = 0, ...given }) => {
    const filter = await readFilter(deps, given);
    // Of many ids, those that may be on this page.
    const ids = filter.ids?.filter((id) => id > after).slice(0, limit + 1);
    const found = await deps.queue.list({ ...filter, ...(ids !== undefined && { ids }) }, limit, after);
    const last = found.length === limit ? found.at(-1)?.id : ids?.at(-1);
    const isLast = ids === undefined ? found.length < limit : (filter.ids?.at(-1) ?? 0) <= (last ?? 0);
    return { items: await withNames(deps, found), next: isLast ? null : (last ?? null) };
  },
});

/** `queue.show`. */
export const queueShow = defineOperation({
  name: 'queue.show',
  summary: 'Show a message with its recipients, or one recipient with the attempts to deliver',
  permission: 'operator',
  command: 'queue show',
  args: { id: text('Id of a message, such as 76, or of a recipient, such as 76.1.') },
  result: shownRecipients,
  run: async (deps: Pick<QueueReaderDeps, 'queue' | 'accounts'>, { id: name }) => {
    const ids = await deps.queue.find([parseName(name)]);
    const shown = ids.slice(0, pageRecipients);
    const items = await withNames(deps, await deps.queue.list({ ids: shown }, pageRecipients));
    if (items.length === 0) throw notInQueue(name);
    const [only, ...others] = shown;
    const attempts = only === undefined || others.length > 0 ? [] : await deps.queue.attempts(only);
    return { items, isCut: ids.length > shown.length, attempts };
  },
});

async function withNames(deps: AccountListDeps, items: readonly QueueItem[]): Promise<ListedRecipient[]> {
  const nameOf = await accountNames(deps);
  return items.map((item) => ({
    ...item,
    id: `${item.message}.${item.number}`,
    account: item.account === null ? null : nameOf(item.account),
  }));
}
