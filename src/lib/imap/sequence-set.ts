/** One end of a range: a number from 1 to 2^32-1, or `*`, the largest in use (RFC 9051 §9, seq-number). */
export type SequenceNumber = number | '*';

/** One range as written: either end may be the larger one. A single number has equal ends. */
export interface SequenceRange {
  readonly first: SequenceNumber;
  readonly last: SequenceNumber;
}

/** A sequence set as written, of message numbers or of UIDs: its ranges, and the saved search result when `$` occurs. */
export interface SequenceSet {
  readonly ranges: readonly SequenceRange[];
  /** `$` occurs in the set (RFC 5182). */
  readonly usesSaved: boolean;
}

/** Numbers from `first` to `last`, both included; `first ≤ last`. */
export interface NumberRange {
  readonly first: number;
  readonly last: number;
}

/**
 * The numbers of a set as ranges in ascending order that neither overlap nor touch. Nothing is cut off at `largest`: a message
 * number past it is the caller's to refuse.
 * @param largest  What `*` stands for; 0 when nothing is there, and a range with only `*` is then nothing.
 * @param saved    What `$` stands for (RFC 5182 §2.1).
 */
export function expandSequenceSet(
  set: SequenceSet,
  largest: number,
  saved: readonly NumberRange[] = [],
): readonly NumberRange[] {
  const ranges: NumberRange[] = set.usesSaved ? [...saved] : [];
  for (const { first, last } of set.ranges) {
    const a = first === '*' ? largest : first;
    const b = last === '*' ? largest : last;
    const range = a <= b ? { first: a, last: b } : { first: b, last: a };
    if (range.first > 0) ranges.push(range);
    else if (range.last > 0) ranges.push({ first: range.last, last: range.last });
  }
  ranges.sort((a, b) => a.first - b.first);
  const merged: { first: number; last: number }[] = [];
  for (const range of ranges) {
    const previous = merged.at(-1);
    if (previous !== undefined && range.first <= previous.last + 1) previous.last = Math.max(previous.last, range.last);
    else merged.push({ ...range });
  }
  return merged;
}

/** Whether a number is in one of the ranges, which are as `expandSequenceSet` gives them; takes log(ranges) steps. */
export function rangesContain(ranges: readonly NumberRange[], n: number): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const range = ranges[middle];
    if (range === undefined || n < range.first) high = middle - 1;
    else if (n > range.last) low = middle + 1;
    else return true;
  }
  return false;
}
