import type { SearchKey } from '#lib/imap';
import { allOf, anyOf, noneOf, where, type Filter, type PlaceCondition } from '#lib/search';
import { uidsAt } from '../message-set.ts';
import type { Selection } from '../selection.ts';

const dayMs = 86_400_000;
const everything: Filter<PlaceCondition> = allOf([]);
const nothing: Filter<PlaceCondition> = anyOf([]);

/**
 * Returns the filter of a search key (RFC 9051 §6.4.4). Dates are compared by day in UTC, as INTERNALDATE is sent: time and zone are disregarded.
 * @throws Bad for message numbers that do not exist.
 */
export function filterOf(key: SearchKey, selection: Selection, nowMs: number): Filter<PlaceCondition> {
  switch (key.kind) {
    // RFC 8514 §4.3: SAVEDATESUPPORTED matches all messages where the storage has save dates. OLD is messages without \Recent (RFC 3501 §6.4.4).
    case 'all':
    case 'old':
    case 'saveDateSupported':
      return everything;
    // RFC 3501 §6.4.4: NEW and RECENT need \Recent, which we do not keep (RFC 9051 §2.3.2: deprecated).
    case 'new':
    case 'recent':
      return nothing;
    case 'and':
      return allOf(key.keys.map((one) => filterOf(one, selection, nowMs)));
    case 'or':
      return anyOf([filterOf(key.left, selection, nowMs), filterOf(key.right, selection, nowMs)]);
    case 'not':
      return noneOf([filterOf(key.key, selection, nowMs)]);
    case 'sequence':
    case 'uid': {
      const ranges = selection.positions(key.set, key.kind === 'uid');
      return where({ kind: 'among', uids: uidsAt(ranges, selection.view.uids) });
    }
    default:
      return where(conditionOf(key, nowMs));
  }
}

type ConditionKey = Exclude<
  SearchKey,
  { kind: 'all' | 'old' | 'saveDateSupported' | 'new' | 'recent' | 'and' | 'or' | 'not' | 'sequence' | 'uid' }
>;

function conditionOf(key: ConditionKey, nowMs: number): PlaceCondition {
  switch (key.kind) {
    case 'flag':
      return { kind: 'flag', bit: key.bit };
    case 'keyword':
      return { kind: 'keyword', keyword: key.keyword };
    case 'modSeq':
      return { kind: 'modSeq', from: key.modSeq };
    case 'header':
      return { kind: 'header', name: key.field.toLowerCase(), value: key.text };
    case 'body':
    case 'text':
      return { kind: key.kind, value: key.text };
    case 'bcc':
    case 'cc':
    case 'from':
    case 'to':
    case 'subject':
      return { kind: 'header', name: key.kind, value: key.text };
    default:
      return rangeOf(key, nowMs);
  }
}

type RangeKey = Extract<ConditionKey, { day: number } | { sizeBytes: number } | { seconds: number }>;

function rangeOf(key: RangeKey, nowMs: number): PlaceCondition {
  switch (key.kind) {
    case 'before':
      return { kind: 'received', from: Number.NEGATIVE_INFINITY, before: key.day };
    case 'on':
      return { kind: 'received', from: key.day, before: key.day + dayMs };
    case 'since':
      return { kind: 'received', from: key.day, before: Number.POSITIVE_INFINITY };
    case 'sentBefore':
      return { kind: 'sentDay', from: Number.NEGATIVE_INFINITY, before: key.day };
    case 'sentOn':
      return { kind: 'sentDay', from: key.day, before: key.day + dayMs };
    case 'sentSince':
      return { kind: 'sentDay', from: key.day, before: Number.POSITIVE_INFINITY };
    case 'savedBefore':
      return { kind: 'saved', from: Number.NEGATIVE_INFINITY, before: key.day };
    case 'savedOn':
      return { kind: 'saved', from: key.day, before: key.day + dayMs };
    case 'savedSince':
      return { kind: 'saved', from: key.day, before: Number.POSITIVE_INFINITY };
    // RFC 9051 §6.4.4: LARGER and SMALLER exclude the number itself.
    case 'larger':
      return { kind: 'size', from: key.sizeBytes + 1, before: Number.POSITIVE_INFINITY };
    case 'smaller':
      return { kind: 'size', from: 0, before: key.sizeBytes };
    // RFC 5032 §2: both OLDER and YOUNGER include the target time.
    case 'older':
      return { kind: 'received', from: Number.NEGATIVE_INFINITY, before: nowMs - key.seconds * 1000 + 1 };
    default:
      return { kind: 'received', from: nowMs - key.seconds * 1000, before: Number.POSITIVE_INFINITY };
  }
}
