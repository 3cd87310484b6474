import {
  Arguments,
  invalidArgument,
  isJsonObject,
  MethodError,
  parseFilter,
  type JsonObject,
  type JsonValue,
} from '#lib/jmap';
import { isMatch } from '#lib/search';
import type { JmapMethod } from '#proto/jmap-server';
import { mailboxIds } from './ids.ts';
import { accountOf, type MailContext } from './mail-context.ts';
import { mailboxEntries } from './mailbox-entries.ts';
import { lastLevelOf, roleOf, sortOrderOf, type MailboxEntry } from './mailbox-object.ts';
import { mailUri } from './mail-uri.ts';
import { queryResponse, queryWindowOf } from './query-window.ts';

type Test = (entry: MailboxEntry) => boolean;
type Compare = (a: MailboxEntry, b: MailboxEntry) => number;

/** Mailbox/query (RFC 8621 §2.3). */
export const mailboxQuery: JmapMethod<MailContext> = {
  name: 'Mailbox/query',
  capability: mailUri,
  run: async (args, context) => {
    const account = accountOf(args, context);
    const search = mailboxSearchOf(args, context);
    const window = queryWindowOf(args);
    args.end();
    // The state is the older one: what changes meanwhile is reported again.
    const state = await account.changes.modSeq();
    const results = search(await mailboxEntries(account));
    return queryResponse(context, state, results, window, ({ mailbox }) => mailboxIds.write(mailbox.id));
  },
};

/** Reads the arguments that choose and order the results. @returns a function from all mailboxes to the results. @throws MethodError. */
export function mailboxSearchOf(
  args: Arguments,
  { limits }: MailContext,
): (entries: readonly MailboxEntry[]) => readonly MailboxEntry[] {
  const filterArgument = args.object('filter', null);
  const filter = filterArgument === null ? null : parseFilter(filterArgument, readCondition, limits);
  const compare = readSort(args.value('sort'), limits.maxComparators);
  const asTree = { sorted: args.boolean('sortAsTree', false), filtered: args.boolean('filterAsTree', false) };
  return (entries) => {
    const matching = entries.filter((entry) => filter === null || isMatch(filter, (test) => test(entry)));
    const sorted = asTree.sorted ? treeOf(entries, compare) : entries.toSorted(compare);
    const shown = new Set(asTree.filtered ? withAncestors(matching) : matching);
    return sorted.filter((entry) => shown.has(entry));
  };
}

/** Reads a FilterCondition (RFC 8621 §2.3). @throws MethodError. */
function readCondition(condition: JsonObject): Test {
  const args = new Arguments(condition);
  const tests = Object.entries(condition).map(([name, value]): Test => {
    switch (name) {
      case 'parentId': {
        const wanted = value === null ? null : args.id(name);
        return ({ parent }) => (parent === null ? null : mailboxIds.write(parent.id)) === wanted;
      }
      case 'name': {
        const wanted = args.text(name).toLowerCase();
        return ({ mailbox }) => lastLevelOf(mailbox).toLowerCase().includes(wanted);
      }
      case 'role': {
        const wanted = value === null ? null : args.text(name);
        return ({ mailbox }) => roleOf(mailbox) === wanted;
      }
      case 'hasAnyRole': {
        const wanted = args.boolean(name);
        return ({ mailbox }) => (roleOf(mailbox) !== null) === wanted;
      }
      case 'isSubscribed': {
        const wanted = args.boolean(name);
        return ({ isSubscribed }) => isSubscribed === wanted;
      }
      default:
        throw new MethodError('unsupportedFilter', `mailboxes cannot be filtered by ${name.slice(0, 100)}`);
    }
  });
  return (entry) => tests.every((test) => test(entry));
}

/** Reads the argument `sort`. What compares equal keeps the order of names. @throws MethodError. */
function readSort(value: JsonValue, maxComparators: number): Compare {
  const comparators: JsonValue = value ?? [];
  if (!Array.isArray(comparators)) throw invalidArgument('sort', 'an array is expected');
  if (comparators.length > maxComparators)
    throw new MethodError('unsupportedSort', `a sort has at most ${maxComparators} comparators`);
  const compares = (comparators as readonly JsonValue[]).map(readComparator);
  return (a, b) => {
    for (const compare of compares) {
      const order = compare(a, b);
      if (order !== 0) return order;
    }
    return 0;
  };
}

function readComparator(value: JsonValue): Compare {
  if (!isJsonObject(value)) throw invalidArgument('sort', 'objects are expected');
  const args = new Arguments(value);
  const property = args.text('property');
  const sign = args.boolean('isAscending', true) ? 1 : -1;
  if (args.text('collation', null) !== null) throw new MethodError('unsupportedSort', 'no sort takes a collation');
  args.end();
  if (property === 'sortOrder') return (a, b) => sign * (sortOrderOf(a.mailbox) - sortOrderOf(b.mailbox));
  if (property !== 'name')
    throw new MethodError('unsupportedSort', `mailboxes cannot be sorted by ${property.slice(0, 100)}`);
  return (a, b) => {
    const [one, other] = [lastLevelOf(a.mailbox).toLowerCase(), lastLevelOf(b.mailbox).toLowerCase()];
    return one === other ? 0 : sign * (one < other ? -1 : 1);
  };
}

/** Returns mailboxes as a tree in lines: each above those below it, siblings in their order (RFC 8621 §2.3). */
function treeOf(entries: readonly MailboxEntry[], compare: Compare): MailboxEntry[] {
  const children = Map.groupBy(entries, ({ parent }) => parent?.id ?? null);
  const lines: MailboxEntry[] = [];
  const add = (above: number | null): void => {
    for (const entry of (children.get(above as never) ?? []).toSorted(compare)) {
      lines.push(entry);
      add(entry.mailbox.id);
    }
  };
  add(null);
  return lines;
}

/** Returns those of which all mailboxes above are among them as well (RFC 8621 §2.3). */
function withAncestors(matching: readonly MailboxEntry[]): MailboxEntry[] {
  const kept = new Set<number>();
  // Shorter names first: those above before those below.
  return matching
    .toSorted((a, b) => a.mailbox.name.length - b.mailbox.name.length)
    .filter(({ mailbox, parent }) => {
      const isKept = parent === null || kept.has(parent.id);
      if (isKept) kept.add(mailbox.id);
      return isKept;
    });
}
