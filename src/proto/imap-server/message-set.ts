import { sequenceSetPieces, type SequenceNumber, type SequenceSet } from '#lib/imap';
import { lowerBound } from '#lib/sorted-numbers';
import type { EventLoop } from '#ports/event-loop';
import { Bad } from './refusal.ts';

/** Positions from `start` to `end` (exclusive) in a view. */
export interface PositionRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Returns the positions of the view that a sequence set selects, ascending and disjoint. UIDs that do not exist are ignored
 * (RFC 9051 §6.4.9); a message number beyond the last message is refused (RFC 9051 §9, seq-number).
 * @param saved  UIDs of the saved search result (RFC 5182 §2.1), for `$`.
 * @throws Bad for message numbers that do not exist.
 */
export function positions(
  set: SequenceSet,
  isUid: boolean,
  uids: Uint32Array,
  saved: Uint32Array,
): readonly PositionRange[] {
  const found: PositionRange[] = [];
  for (const range of set.ranges) {
    const positionRange = isUid
      ? uidRange(range.first, range.last, uids)
      : numberRange(range.first, range.last, uids.length);
    if (positionRange !== null) found.push(positionRange);
  }
  if (set.usesSaved) addSaved(found, uids, saved);
  return merged(found);
}

/** Returns the UIDs at these positions; shares memory with `uids` when there is only one range. */
export function uidsAt(ranges: readonly PositionRange[], uids: Uint32Array): Uint32Array {
  const [only] = ranges;
  if (only === undefined) return new Uint32Array(0);
  if (ranges.length === 1) return uids.subarray(only.start, only.end);
  const all = new Uint32Array(ranges.reduce((sum, range) => sum + range.end - range.start, 0));
  let at = 0;
  for (const range of ranges) {
    all.set(uids.subarray(range.start, range.end), at);
    at += range.end - range.start;
  }
  return all;
}

/** Formats a long list of numbers as a sequence set, with pauses for other connections. */
export async function sequenceSetText(numbers: Iterable<number>, loop: EventLoop): Promise<string> {
  let text = '';
  for (const piece of sequenceSetPieces(numbers)) {
    text += piece;
    const pause = loop.pause();
    if (pause !== null) await pause;
  }
  return text;
}

function numberRange(first: SequenceNumber, last: SequenceNumber, count: number): PositionRange | null {
  if (count === 0 && (first === '*' || last === '*')) {
    // deviates: RFC 9051 §9 (seq-number) wants BAD for `*` in an empty mailbox; clients send 1:* without checking, and mean "all".
    return null;
  }
  const a = first === '*' ? count : first;
  const b = last === '*' ? count : last;
  if (a > count || b > count) throw new Bad('there is no message with such a number');
  return { start: Math.min(a, b) - 1, end: Math.max(a, b) };
}

/** Returns the positions of a UID range; RFC 9051 §9 (seq-number): `*` is the largest UID in use, and either end may be the larger one. */
function uidRange(first: SequenceNumber, last: SequenceNumber, uids: Uint32Array): PositionRange | null {
  const highest = uids.at(-1);
  if (highest === undefined) return null;
  const a = first === '*' ? highest : first;
  const b = last === '*' ? highest : last;
  const start = lowerBound(uids, Math.min(a, b));
  const end = lowerBound(uids, Math.max(a, b) + 1);
  return start < end ? { start, end } : null;
}

function addSaved(found: PositionRange[], uids: Uint32Array, saved: Uint32Array): void {
  let at = 0;
  let start = 0;
  let end = 0;
  for (const uid of saved) {
    while (at < uids.length && (uids[at] ?? 0) < uid) at++;
    if (uids[at] !== uid) continue;
    if (at > end) {
      if (end > start) found.push({ start, end });
      start = at;
    }
    end = at + 1;
  }
  if (end > start) found.push({ start, end });
}

function merged(ranges: PositionRange[]): PositionRange[] {
  if (ranges.length < 2) return ranges;
  const sorted = ranges.toSorted((a, b) => a.start - b.start);
  const result: PositionRange[] = [];
  let open: PositionRange | null = null;
  for (const range of sorted) {
    if (open !== null && range.start <= open.end) {
      if (range.end > open.end) open = { start: open.start, end: range.end };
    } else {
      if (open !== null) result.push(open);
      open = range;
    }
  }
  if (open !== null) result.push(open);
  return result;
}
