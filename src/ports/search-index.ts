import type { AccountId } from '#lib/ids';

/** Text that is looked for in the words of documents: a whole word, or a piece of one. */
export interface WordPattern {
  readonly kind: 'whole' | 'beginning' | 'end' | 'inside';
  readonly text: string;
}

/** A document with a number that is never used twice. */
export interface IndexedDocument {
  readonly id: number;
  /** Its different words, separated by single spaces: letters, digits and marks in lower case. Null where they are not known: it then may match every pattern. */
  readonly words: string | null;
}

/** Extent of an index: the documents up to `lastId` are in it, unless they are gone. */
export interface IndexPosition {
  readonly lastId: number;
  /** MODSEQ up to which removals were followed. */
  readonly modSeq: number;
  /** Mark of the last document, by which data that was put back from a backup is recognised. */
  readonly stamp: string;
}

/** One step of feeding: all of it is stored, or nothing. */
export interface IndexBatch {
  readonly added: readonly IndexedDocument[];
  readonly removed: readonly number[];
  readonly position: IndexPosition;
}

/** Documents that may match, and the position of the index when it was asked. */
export interface IndexMatches {
  readonly lastId: number;
  /** Ascending. */
  readonly ids: Float64Array;
}

/** Facts about an index for operators. */
export interface IndexFacts {
  readonly documents: number;
  readonly sizeBytes: number;
}

/**
 * The words of an account's messages. It repeats what the messages say: it may be lost or dropped at any time, is in no backup, and nothing waits for it to
 * be durable. One that is damaged is dropped, and is then empty.
 */
export interface SearchIndex {
  /** Returns the position; null when the index is empty. */
  position(): Promise<IndexPosition | null>;
  write(batch: IndexBatch): Promise<void>;
  /**
   * Returns the documents with numbers from `from` to `to` that have a word for each pattern.
   * @returns null when the patterns are too common to help, or the index is empty.
   */
  find(patterns: readonly WordPattern[], from: number, to: number): Promise<IndexMatches | null>;
  /** Returns facts; null when the index is empty. */
  facts(): Promise<IndexFacts | null>;
  /** Empties it. */
  drop(): Promise<void>;
}

/** The indexes of a server. */
export interface SearchIndexes extends AsyncDisposable {
  /** Returns the index of an account, empty at first. */
  index(account: AccountId): SearchIndex;
}
