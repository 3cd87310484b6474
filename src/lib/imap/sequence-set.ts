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
