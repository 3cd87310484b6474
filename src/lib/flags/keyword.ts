/** The form in which keywords are compared: case does not matter (RFC 9051 §2.3.2). */
export function keywordKey(keyword: string): string {
  return keyword.toLowerCase();
}

/** Each keyword once, in the first spelling given, sorted by `keywordKey`. */
export function sortedKeywords(keywords: readonly string[]): string[] {
  if (keywords.length < 2) return [...keywords];
  return [...keywordsByKey(keywords)].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, keyword]) => keyword);
}

/** Keywords by `keywordKey`, in the order given; of several spellings the first. */
export function keywordsByKey(keywords: readonly string[]): Map<string, string> {
  const byKey = new Map<string, string>();
  for (const keyword of keywords) {
    const key = keywordKey(keyword);
    if (!byKey.has(key)) byKey.set(key, keyword);
  }
  return byKey;
}
