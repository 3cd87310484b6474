/** Returns the form in which keywords are compared: they are case-insensitive (RFC 9051 §2.3.2). */
export function keywordKey(keyword: string): string {
  return keyword.toLowerCase();
}

/** Returns each keyword once, in its first spelling, sorted by `keywordKey`. */
export function sortedKeywords(keywords: readonly string[]): string[] {
  if (keywords.length < 2) return [...keywords];
  return [...keywordsByKey(keywords)].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, keyword]) => keyword);
}

/** Returns keywords by `keywordKey`, in the order given, each in its first spelling. */
export function keywordsByKey(keywords: readonly string[]): Map<string, string> {
  const byKey = new Map<string, string>();
  for (const keyword of keywords) {
    const key = keywordKey(keyword);
    if (!byKey.has(key)) byKey.set(key, keyword);
  }
  return byKey;
}
