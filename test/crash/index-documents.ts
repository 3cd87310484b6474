import type { IndexedDocument } from '#ports/search-index';

/** Returns the document with a number: some words that many have, and one that no other has. */
export function documentOf(id: number): IndexedDocument {
  const words = Array.from({ length: 40 }, (_, i) => `word${(id * 31 + i * 17) % 400}`);
  return { id, words: [...new Set([...words, `only${id}here`])].join(' ') };
}

/** Returns the documents that are removed with a batch that adds this one: one of ten, some time after it came. */
export function removedWith(id: number): number[] {
  return id % 10 === 0 && id > 100 ? [id - 95] : [];
}
