import { Arguments, invalidArgument, isJsonObject, MethodError, parseFilter, type JsonValue } from '#lib/jmap';
import { keywordsOf, type Email, type EmailView } from '#mail/emails';
import type { JmapMethod } from '#proto/jmap-server';
import { readCondition } from './email-condition.ts';
import { filtered } from './email-filter.ts';
import { emailIds } from './ids.ts';
import { accountOf, writeState, type MailContext } from './mail-context.ts';
import { mailUri } from './mail-uri.ts';

/** Ids in one answer, also when the client sets no limit. */
const maxIds = 10_000;

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
    const window = {
      position: args.int('position', 0),
      anchor: args.id('anchor', null),
      anchorOffset: args.int('anchorOffset', 0),
      limit: args.unsigned('limit', null),
    };
    const isCollapsed = args.boolean('collapseThreads', false);
    const withTotal = args.boolean('calculateTotal', false);
    args.end();
    const view = await account.emails.view();
    const found = await filtered(account, view, view.newestFirst, filter);
    const sorted = compare === null ? found : found.toSorted((a, b) => compare(a, b, view));
    const shown = isCollapsed ? firstOfThreads(sorted) : sorted;
    const start = startOf(window, shown);
    const limit = Math.min(window.limit ?? maxIds, maxIds);
    return {
      accountId: context.accountId,
      queryState: writeState(view.modSeq),
      canCalculateChanges: false,
      position: start,
      ids: shown.slice(start, start + limit).map(({ id }) => emailIds.write(id)),
      ...(withTotal && { total: shown.length }),
      // RFC 8620 §5.5: only when the server set another limit than the client.
      ...(limit !== window.limit && (window.limit !== null || shown.length - start > limit) && { limit }),
    };
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

interface Window {
  readonly position: number;
  readonly anchor: string | null;
  readonly anchorOffset: number;
}

/** Returns the position of the first result that is wanted (RFC 8620 §5.5). @throws MethodError anchorNotFound. */
function startOf({ position, anchor, anchorOffset }: Window, shown: readonly Email[]): number {
  if (anchor === null) return Math.min(Math.max(position < 0 ? shown.length + position : position, 0), shown.length);
  const wanted = emailIds.read(anchor);
  const at = shown.findIndex(({ id }) => id === wanted);
  if (at < 0) throw new MethodError('anchorNotFound', 'the anchor is not among the results');
  return Math.min(Math.max(at + anchorOffset, 0), shown.length);
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
  const compares = comparators.map(readComparator);
  return (a, b, view) => {
    for (const compare of compares) {
      const order = compare(a, b, view);
      if (order !== 0) return order;
    }
    return b.receivedMs - a.receivedMs || b.id - a.id;
  };
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
