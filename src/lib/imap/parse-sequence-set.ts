import type { Cursor } from './cursor.ts';
import type { SequenceNumber, SequenceRange, SequenceSet } from './sequence-set.ts';

/** Parses `sequence-set` of RFC 9051 §9, with `$` (RFC 5182 §2.1), of at most `maxRanges` ranges. */
export function parseSequenceSet(cursor: Cursor): SequenceSet {
  const ranges: SequenceRange[] = [];
  let usesSaved = false;
  do {
    if (cursor.take('$')) {
      usesSaved = true;
      continue;
    }
    const { maxRanges } = cursor.options.limits;
    if (ranges.length >= maxRanges) cursor.fail(`too many ranges: the limit is ${maxRanges}`);
    const first = parseSequenceNumber(cursor);
    const last = cursor.take(':') ? parseSequenceNumber(cursor) : first;
    ranges.push({ first, last });
  } while (cursor.take(','));
  return { ranges, usesSaved };
}

/** Parses a set of known UIDs or numbers: neither `*` nor `$` (RFC 7162 §7). */
export function parseKnownSet(cursor: Cursor): SequenceSet {
  const start = cursor.at;
  const set = parseSequenceSet(cursor);
  if (set.usesSaved || set.ranges.some((range) => range.first === '*' || range.last === '*')) {
    cursor.fail('only numbers are allowed in this set', start);
  }
  return set;
}

function parseSequenceNumber(cursor: Cursor): SequenceNumber {
  return cursor.take('*') ? '*' : cursor.nzNumber('a message number');
}
