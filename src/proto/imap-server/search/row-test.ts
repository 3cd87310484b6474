import type { SearchKey } from '#lib/imap';
import type { MessageRow } from '../selected-mailbox.ts';

/** Values that are compared with keys. */
type Facts = Pick<MessageRow, 'sizeBytes' | 'internalDateMs' | 'saveDateMs' | 'sentDayMs'>;

const dayMs = 86_400_000;

/** Keys that rows answer. */
export type RowKey = Extract<
  SearchKey,
  {
    kind:
      | 'before'
      | 'on'
      | 'since'
      | 'sentBefore'
      | 'sentOn'
      | 'sentSince'
      | 'savedBefore'
      | 'savedOn'
      | 'savedSince'
      | 'larger'
      | 'smaller'
      | 'older'
      | 'younger';
  }
>;

/** Reports whether a message's row matches. Dates are compared by day in UTC, as INTERNALDATE is sent: RFC 9051 §6.4.4 disregards time and zone. */
export function rowMatches(key: RowKey, row: Facts, nowMs: number): boolean {
  switch (key.kind) {
    case 'before':
      return row.internalDateMs < key.day;
    case 'on':
      return isOnDay(row.internalDateMs, key.day);
    case 'since':
      return row.internalDateMs >= key.day;
    case 'sentBefore':
      return row.sentDayMs !== null && row.sentDayMs < key.day;
    case 'sentOn':
      return row.sentDayMs !== null && isOnDay(row.sentDayMs, key.day);
    case 'sentSince':
      return row.sentDayMs !== null && row.sentDayMs >= key.day;
    case 'savedBefore':
      return savedMs(row) < key.day;
    case 'savedOn':
      return isOnDay(savedMs(row), key.day);
    case 'savedSince':
      return savedMs(row) >= key.day;
    // RFC 9051 §6.4.4: LARGER and SMALLER exclude the number itself.
    case 'larger':
      return row.sizeBytes > key.sizeBytes;
    case 'smaller':
      return row.sizeBytes < key.sizeBytes;
    // RFC 5032 §2: both OLDER and YOUNGER include the target time.
    case 'older':
      return row.internalDateMs <= nowMs - key.seconds * 1000;
    default:
      return row.internalDateMs >= nowMs - key.seconds * 1000;
  }
}

/** Returns the save date; the internal date where it is unknown (RFC 8514 §4.3). */
function savedMs(row: Facts): number {
  return row.saveDateMs ?? row.internalDateMs;
}

function isOnDay(timeMs: number, day: number): boolean {
  return timeMs >= day && timeMs < day + dayMs;
}
