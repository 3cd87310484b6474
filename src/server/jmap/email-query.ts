import type { Arguments, JsonObject } from '#lib/jmap';
import type { MailboxId } from '#lib/ids';
import { conditionsOf, type Filter } from '#lib/search';
import type { Account } from '#mail/accounts';
import type { Email, EmailView } from '#mail/emails';
import type { JmapMethod } from '#proto/jmap-server';
import { readEmailFilter, type EmailCondition } from './email-condition.ts';
import { filtered } from './email-filter.ts';
import { readSort, type EmailSort } from './email-sort.ts';
import { emailIds, mailboxIds } from './ids.ts';
import { accountOf, type MailContext } from './mail-context.ts';
import { mailUri } from './mail-uri.ts';
import { pageOf, queryResponse, queryWindowOf } from './query-window.ts';

/** The results that a query asks for (RFC 8621 §4.4). */
export interface EmailSearch {
  readonly filterArgument: JsonObject | null;
  readonly filter: Filter<EmailCondition> | null;
  /** Null for the order that views have already: those received last first. */
  readonly sort: EmailSort | null;
  readonly isCollapsed: boolean;
}

/** Reads the arguments that choose and order the results. @throws MethodError. */
export function emailSearchOf(args: Arguments, { limits }: MailContext): EmailSearch {
  const filterArgument = args.object('filter', null);
  return {
    filterArgument,
    filter: filterArgument === null ? null : readEmailFilter(filterArgument, limits),
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
  const sorted = await sort.sorted(account, view, found);
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
