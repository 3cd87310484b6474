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
import { conditionsOf, type Filter } from '#lib/search';
import type { Account } from '#mail/accounts';
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

/** The results that a query asks for (RFC 8621 §4.4). */
export interface EmailSearch {
  readonly filterArgument: JsonObject | null;
  readonly filter: Filter<EmailCondition> | null;
  /** Null for the order that views have already: those received last first. */
  readonly sort: EmailSort | null;
  readonly isCollapsed: boolean;
}

/** Order of results. */
interface EmailSort {
  readonly compare: Compare;
  readonly properties: readonly string[];
}

/** Reads the arguments that choose and order the results. @throws MethodError. */
export function emailSearchOf(args: Arguments, { limits }: MailContext): EmailSearch {
  const filterArgument = args.object('filter', null);
  return {
    filterArgument,
    filter: filterArgument === null ? null : parseFilter(filterArgument, readCondition, limits),
    sort: readSort(args.value('sort'), limits.maxComparators),
    isCollapsed: args.boolean('collapseThreads', false),
  };
}

/** Email/query (RFC 8621 §4.4). */
export const emailQuery: JmapMethod<MailContext> = {
  name: 'Email/query',
  capability: mailUri,
  run: async (args, context) => {
    const account = accountOf(args, context);
    const search = emailSearchOf(args, context);
    const { filterArgument, sort, isCollapsed } = search;
    const window = queryWindowOf(args);
    args.end();
    const view = await account.emails.view();
    const knownTotal = window.withTotal ? totalOf(filterArgument, view, isCollapsed) : null;
    // The first page of the usual order needs no more emails than it shows, and one that says whether more follow.
    const isWindowed = sort === null && window.anchor === null && window.position >= 0;
    const isTotalKnown = !window.withTotal || knownTotal !== null;
    const most = isWindowed && isTotalKnown ? window.position + pageOf(window) + 1 : Number.POSITIVE_INFINITY;
    const { results: shown } = await searchEmails(account, view, search, most);
    const facts = { total: knownTotal, canCalculateChanges: isFromLog(search) };
    return queryResponse(context, view.modSeq, shown, window, ({ id }) => emailIds.write(id), facts);
  },
};

/** Results of a search. */
interface FoundEmails {
  readonly results: readonly Email[];
  /** Emails among which the results were found. */
  readonly candidates: readonly Email[];
}

/** Returns the results of a search, `most` at least where there are as many. */
export async function searchEmails(
  account: Account,
  view: EmailView,
  { filter, sort, isCollapsed }: EmailSearch,
  most = Number.POSITIVE_INFINITY,
): Promise<FoundEmails> {
  const mailbox = filter === null ? null : mailboxOf(filter);
  const candidates = mailbox === null ? view.newestFirst : view.newestFirstIn(mailbox);
  const onlyFirstOfThread = isCollapsed && sort === null;
  const found = await filtered(account, view, candidates, { filter, most, onlyFirstOfThread });
  if (sort === null) return { results: found, candidates };
  const sorted = found.toSorted((a, b) => sort.compare(a, b, view));
  return { results: isCollapsed ? firstOfThreads(sorted) : sorted, candidates };
}

/** Reports whether the log says what became of the results: not where messages have to be read for them. */
export function isFromLog({ filter }: EmailSearch): boolean {
  const conditions = filter === null ? [] : [...conditionsOf(filter)];
  return conditions.every(({ texts, hasAttachment }) => texts.length === 0 && hasAttachment === null);
}

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
function readSort(value: JsonValue, maxComparators: number): EmailSort | null {
  if (value === null) return null;
  if (!Array.isArray(value)) throw invalidArgument('sort', 'an array is expected');
  const comparators: readonly JsonValue[] = value;
  if (comparators.length > maxComparators)
    throw new MethodError('unsupportedSort', `a sort has at most ${maxComparators} comparators`);
  if (comparators.length === 1 && isNewestFirst(comparators[0] ?? null)) return null;
  const read = comparators.map(readComparator);
  const compare: Compare = (a, b, view) => {
    for (const one of read) {
      const order = one.compare(a, b, view);
      if (order !== 0) return order;
    }
    return b.receivedMs - a.receivedMs || b.id - a.id;
  };
  return { compare, properties: read.map(({ property }) => property) };
}

/** Reports whether a comparator is that of the usual list, which is the order that views have. */
function isNewestFirst(value: JsonValue): boolean {
  if (!isJsonObject(value)) return false;
  const { property, isAscending, ...others } = value;
  return property === 'receivedAt' && isAscending === false && Object.keys(others).length === 0;
}

function readComparator(value: JsonValue): { readonly property: string; readonly compare: Compare } {
  if (!isJsonObject(value)) throw invalidArgument('sort', 'objects are expected');
  const args = new Arguments(value);
  const property = args.text('property');
  const isAscending = args.boolean('isAscending', true);
  if (args.text('collation', null) !== null) throw new MethodError('unsupportedSort', 'no sort takes a collation');
  const keyword = property.endsWith('Keyword') ? args.text('keyword').toLowerCase() : '';
  args.end();
  const key = keyOf(property, keyword);
  const sign = isAscending ? 1 : -1;
  return { property, compare: (a, b, view) => sign * (key(a, view) - key(b, view)) };
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
