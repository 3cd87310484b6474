import type { IndexMatches } from '#ports/search-index';

/** Returns those of some ascending numbers whose emails may match: the candidates of an index, and what is not in it yet. */
export function narrowed(numbers: Uint32Array, emails: Float64Array, { lastId, ids }: IndexMatches): Uint32Array {
  const candidates = new Set(ids);
  return numbers.filter((_, i) => {
    const email = emails[i] ?? 0;
    return email > lastId || candidates.has(email);
  });
}
