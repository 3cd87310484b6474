/** Limits of the indexes of a server. */
export interface SearchIndexLimits {
  /** Words that a pattern may stand for; one with more does not narrow a search. */
  readonly maxWords: number;
  /** Files that are open at a time. */
  readonly maxOpen: number;
  /** Time in ms after the last job until the files are closed and the thread ends. */
  readonly idleMs: number;
}

/** Enough for words and names; pieces of two or three letters of common words are beyond. */
export const searchIndexLimits: SearchIndexLimits = { maxWords: 1000, maxOpen: 16, idleMs: 60_000 };
