import { collations, compareKeys, type Collation } from '#lib/collation';
import { Arguments, invalidArgument, isJsonObject, MethodError, type JsonValue } from '#lib/jmap';
import type { Account } from '#mail/accounts';
import { keywordsOf, type Email, type EmailView } from '#mail/emails';
import { sortedInPieces } from './sorted-in-pieces.ts';
import { isSortField, sortKeys, type CollatedField } from './sort-fields.ts';

/** Sorts that Email/query knows, as the session announces them (RFC 8621 §1.3.1). */
export const emailSorts = [
  'receivedAt',
  'size',
  'from',
  'to',
  'subject',
  'sentAt',
  'hasKeyword',
  'allInThreadHaveKeyword',
  'someInThreadHaveKeyword',
];

/** Order of results. */
export interface EmailSort {
  readonly properties: readonly string[];
  readonly sorted: (account: Account, view: EmailView, emails: readonly Email[]) => Promise<readonly Email[]>;
}

/** One member of a sort: returns a key for an email, which is compared with others. */
interface Comparator {
  readonly property: string;
  readonly sign: 1 | -1;
  /** Null where the key is in memory. */
  readonly field: CollatedField | null;
  readonly keyOf: (email: Email, view: EmailView) => number;
}

/** An email with its keys, in the order of comparators. */
interface Keyed {
  readonly email: Email;
  readonly keys: readonly (string | number)[];
}

/** Emails between two questions to the loop. */
const pieceEmails = 256;

/** Null for the order that views have already: those received last first. @throws MethodError unsupportedSort. */
export function readSort(value: JsonValue, maxComparators: number): EmailSort | null {
  if (value === null) return null;
  if (!Array.isArray(value)) throw invalidArgument('sort', 'an array is expected');
  const given: readonly JsonValue[] = value;
  if (given.length > maxComparators)
    throw new MethodError('unsupportedSort', `a sort has at most ${maxComparators} comparators`);
  if (given.length === 1 && isNewestFirst(given[0] ?? null)) return null;
  const comparators = given.map(readComparator);
  return {
    properties: comparators.map(({ property }) => property),
    sorted: (account, view, emails) => sortedBy(comparators, account, view, emails),
  };
}

/** Reports whether a comparator is that of the usual list, which is the order that views have. */
function isNewestFirst(value: JsonValue): boolean {
  if (!isJsonObject(value)) return false;
  const { property, isAscending, ...others } = value;
  return property === 'receivedAt' && isAscending === false && Object.keys(others).length === 0;
}

async function sortedBy(
  comparators: readonly Comparator[],
  account: Account,
  view: EmailView,
  emails: readonly Email[],
): Promise<readonly Email[]> {
  const values: (ReadonlyMap<number, string | number> | null)[] = [];
  for (const { field } of comparators)
    values.push(field === null ? null : await sortKeys(account, view, emails, field));
  const keyed: Keyed[] = [];
  for (const [i, email] of emails.entries()) {
    const keys = comparators.map(({ keyOf }, k) => {
      const known = values[k] ?? null;
      return known === null ? keyOf(email, view) : (known.get(email.id) ?? '');
    });
    keyed.push({ email, keys });
    if (i % pieceEmails !== pieceEmails - 1) continue;
    const pause = account.loop.pause();
    if (pause !== null) await pause;
  }
  const compare = (a: Keyed, b: Keyed): number => {
    for (const [i, { sign }] of comparators.entries()) {
      const [left, right] = [a.keys[i] ?? 0, b.keys[i] ?? 0];
      const order =
        typeof left === 'string' && typeof right === 'string'
          ? compareKeys(left, right)
          : Number(left > right) - Number(left < right);
      if (order !== 0) return sign * order;
    }
    return b.email.receivedMs - a.email.receivedMs || b.email.id - a.email.id;
  };
  return (await sortedInPieces(keyed, compare, account.loop)).map(({ email }) => email);
}

function readComparator(value: JsonValue): Comparator {
  if (!isJsonObject(value)) throw invalidArgument('sort', 'objects are expected');
  const args = new Arguments(value);
  const property = args.text('property');
  const sign = args.boolean('isAscending', true) ? 1 : -1;
  const collation = collationOf(args.text('collation', null));
  const keyword = property.endsWith('Keyword') ? args.text('keyword').toLowerCase() : '';
  args.end();
  if (isSortField(property)) {
    // RFC 8620 §5.5: a collation is ignored for what is no text.
    return { property, sign, field: { field: property, collation }, keyOf: () => 0 };
  }
  return { property, sign, field: null, keyOf: keyInMemory(property, keyword) };
}

/** @throws MethodError unsupportedSort. */
function collationOf(given: string | null): Collation {
  const known = collations.find((one) => one === (given ?? collations[0]));
  if (known === undefined) throw new MethodError('unsupportedSort', `there is no collation ${given?.slice(0, 100)}`);
  return known;
}

function keyInMemory(property: string, keyword: string): (email: Email, view: EmailView) => number {
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
