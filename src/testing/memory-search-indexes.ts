import type { AccountId } from '#lib/ids';
import type {
  IndexBatch,
  IndexedDocument,
  IndexFacts,
  IndexMatches,
  IndexPosition,
  SearchIndex,
  SearchIndexes,
  WordPattern,
} from '#ports/search-index';

/** Indexes in memory, which look at each word of each document. */
export class MemorySearchIndexes implements SearchIndexes {
  readonly #indexes = new Map<AccountId, MemorySearchIndex>();

  index(account: AccountId): MemorySearchIndex {
    const known = this.#indexes.get(account) ?? new MemorySearchIndex();
    this.#indexes.set(account, known);
    return known;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#indexes.clear();
  }
}

/** One of them. */
class MemorySearchIndex implements SearchIndex {
  readonly #documents = new Map<number, IndexedDocument>();
  #position: IndexPosition | null = null;
  /** Searches that were asked for. */
  searches = 0;

  async position(): Promise<IndexPosition | null> {
    return this.#position;
  }

  async write({ added, removed, position }: IndexBatch): Promise<void> {
    for (const document of added) this.#documents.set(document.id, document);
    for (const id of removed) this.#documents.delete(id);
    this.#position = position;
  }

  async find(patterns: readonly WordPattern[], from: number, to: number): Promise<IndexMatches | null> {
    this.searches += 1;
    if (this.#position === null) return null;
    const found = [...this.#documents.values()].filter(
      ({ id, words }) => id >= from && id <= to && (words === null || isMatch(words.split(' '), patterns)),
    );
    return { lastId: this.#position.lastId, ids: Float64Array.from(found, ({ id }) => id).sort() };
  }

  async facts(): Promise<IndexFacts | null> {
    if (this.#position === null) return null;
    const sizeBytes = [...this.#documents.values()].reduce((sum, { words }) => sum + (words?.length ?? 0), 1);
    return { documents: this.#documents.size, sizeBytes };
  }

  async drop(): Promise<void> {
    this.#documents.clear();
    this.#position = null;
  }
}

function isMatch(words: readonly string[], patterns: readonly WordPattern[]): boolean {
  return patterns.every(({ kind, text }) =>
    words.some((word) => {
      if (kind === 'whole') return word === text;
      if (kind === 'beginning') return word.startsWith(text);
      return kind === 'end' ? word.endsWith(text) : word.includes(text);
    }),
  );
}
