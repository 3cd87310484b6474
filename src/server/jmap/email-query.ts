import {
  Arguments,
  invalidArgument,
  isJsonObject,
  MethodError,
  parseFilter,
  type JsonObject,
  type JsonValue,
} from '#lib/jmap';
import type { MailboxId } from '#lib/ids';
import type { Filter } from '#lib/search';
import { keywordsOf, type Email, type EmailView } from '#mail/emails';
import type { JmapMethod } from '#proto/jmap-server';
import { readCondition, type EmailCondition } from './email-condition.ts';
import { filtered } from './email-filter.ts';
import { emailIds, mailboxIds } from './ids.ts';
import { accountOf, type MailContext } from './mail-context.ts';
import { mailUri } from './mail-uri.ts';
import { pageOf, queryResponse, queryWindowOf } from './query-window.ts';

/** Sorts that Email/query knows, as the session announces them (RFC 8621 §1.3.1). */
export const emailSorts = ['receivedAt', 'size', 'hasKeyword', 'allInThreadHaveKeyword', 'someInThreadHaveKeyword'];

type Compare = (a: Email, b: Email, view: EmailView) => number;

/** Email/query (RFC 8621 §4.4). */
export const emailQuery: JmapMethod<MailContext> = {
  name: 'Email/query',
  capability: mailUri,
  run: async (args, context) => {
    const account = accountOf(args, context);
    const filterArgument = args.object('filter', null);
    const filter = filterArgument === null ? null : parseFilter(filterArgument, readCondition, context.limits);
    const compare = readSort(args.value('sort'), context.limits.maxComparators);
    const window = queryWindowOf(args);
    const isCollapsed = args.boolean('collapseThreads', false);
    args.end();
    const view = await account.emails.view();
    const knownTotal = window.withTotal ? totalOf(filterArgument, view, isCollapsed) : null;
    // The first page of the usual order needs no more emails than it shows, and one that says whether more follow.
    const isWindowed = compare === null && window.anchor === null && window.position >= 0;
    const isTotalKnown = !window.withTotal || knownTotal !== null;
    const most = isWindowed && isTotalKnown ? window.position + pageOf(window) + 1 : Number.POSITIVE_INFINITY;
    const mailbox = filter === null ? null : mailboxOf(filter);
    const emails = mailbox === null ? view.newestFirst : view.newestFirstIn(mailbox);
    const found = await filtered(account, view, emails, {
      filter,
      most,
      onlyFirstOfThread: isCollapsed && compare === null,
    });
    const sorted = compare === null ? found : found.toSorted((a, b) => compare(a, b, view));
    const shown = isCollapsed && compare !== null ? firstOfThreads(sorted) : sorted;
    return queryResponse(context, view.modSeq, shown, window, ({ id }) => emailIds.write(id), knownTotal);
  },
};

/** Email/queryChanges (RFC 8621 §4.5): clients ask again, as `canCalculateChanges` says. */
export const emailQueryChanges: JmapMethod<MailContext> = {
  name: 'Email/queryChanges',
  capability: mailUri,
  run: async (args, context) => {
    accountOf(args, context);
    throw new MethodError('cannotCalculateChanges', 'changes of queries are not kept: query again');
  },
};

/** Returns the mailbox outside of which no email matches a filter; null when there is none. */
function mailboxOf(filter: Filter<EmailCondition>): MailboxId | null {
  if (filter.kind === 'condition') return filter.condition.mailbox;
  if (filter.operator !== 'AND') return null;
  for (const one of filter.filters) {
    const mailbox = mailboxOf(one);
    if (mailbox !== null) return mailbox;
  }
  return null;
}

/** Returns the number of all results where it is counted already: of a mailbox, or of all threads in it. Null for every other filter. */
function totalOf(filter: JsonObject | null, view: EmailView, isCollapsed: boolean): number | null {
  const [condition, ...others] = Object.entries(filter ?? {});
  if (condition === undefined || others.length > 0) return null;
  const [name, value] = condition;
  const mailbox = name === 'inMailbox' && typeof value === 'string' ? mailboxIds.read(value) : null;
  if (mailbox === null) return null;
  const { totalEmails, totalThreads } = view.counts(mailbox as MailboxId);
  return isCollapsed ? totalThreads : totalEmails;
}

function firstOfThreads(emails: readonly Email[]): Email[] {
  const seen = new Set<number>();
  return emails.filter(({ thread }) => {
    if (seen.has(thread)) return false;
    seen.add(thread);
    return true;
  });
}

/** Null for the order that views have already: those received last first. @throws MethodError unsupportedSort. */
function readSort(value: JsonValue, maxComparators: number): Compare | null {
  if (value === null) return null;
  if (!Array.isArray(value)) throw invalidArgument('sort', 'an array is expected');
  const comparators: readonly JsonValue[] = value;
  if (comparators.length > maxComparators)
    throw new MethodError('unsupportedSort', `a sort has at most ${maxComparators} comparators`);
  if (comparators.length === 1 && isNewestFirst(comparators[0] ?? null)) return null;
  const compares = comparators.map(readComparator);
  return (a, b, view) => {
    for (const compare of compares) {
      const order = compare(a, b, view);
      if (order !== 0) return order;
    }
    return b.receivedMs - a.receivedMs || b.id - a.id;
  };
}

/** Reports whether a comparator is that of the usual list, which is the order that views have. */
function isNewestFirst(value: JsonValue): boolean {
  if (!isJsonObject(value)) return false;
  const { property, isAscending, ...others } = value;
  return property === 'receivedAt' && isAscending === false && Object.keys(others).length === 0;
}

function readComparator(value: JsonValue): Compare {
  if (!isJsonObject(value)) throw invalidArgument('sort', 'objects are expected');
  const args = new Arguments(value);
  const property = args.text('property');
  const isAscending = args.boolean('isAscending', true);
  if (args.text('collation', null) !== null) throw new MethodError('unsupportedSort', 'no sort takes a collation');
  const keyword = property.endsWith('Keyword') ? args.text('keyword').toLowerCase() : '';
  args.end();
  const key = keyOf(property, keyword);
  const sign = isAscending ? 1 : -1;
  return (a, b, view) => sign * (key(a, view) - key(b, view));
}

function keyOf(property: string, keyword: string): (email: Email, view: EmailView) => number {
  const has = (email: Email): boolean => keywordsOf(email).has(keyword);
  switch (property) {
    case 'receivedAt':
      return ({ receivedMs }) => receivedMs;
    case 'size':
      return ({ sizeBytes }) => sizeBytes;
    case 'hasKeyword':
      return (email) => Number(has(email));
    case 'allInThreadHaveKeyword':
      return ({ thread }, view) => Number(view.thread(thread).every(has));
    case 'someInThreadHaveKeyword':
      return ({ thread }, view) => Number(view.thread(thread).some(has));
    default:
      throw new MethodError('unsupportedSort', `emails cannot be sorted by ${property.slice(0, 100)}`);
  }
}
