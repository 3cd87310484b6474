/** Reads `tag=value; …` of DKIM, DMARC, MTA-STS and TLSRPT records: names in lower case, blanks around and inside values removed. */
export function tagsOf(text: string): ReadonlyMap<string, string> {
  const tags = new Map<string, string>();
  for (const part of text.split(';')) {
    const at = part.indexOf('=');
    if (at < 0) continue;
    const name = part.slice(0, at).trim().toLowerCase();
    if (!tags.has(name)) tags.set(name, part.slice(at + 1).trim());
  }
  return tags;
}

/** Returns the names of tags whose values differ. Blanks do not count, and a tag with its default value equals an absent one. */
export function differingTags(
  wanted: string,
  found: string,
  defaults: Readonly<Record<string, string>> = {},
): string[] {
  const a = tagsOf(wanted);
  const b = tagsOf(found);
  const value = (tags: ReadonlyMap<string, string>, name: string): string =>
    (tags.get(name) ?? defaults[name] ?? '').replaceAll(/\s+/g, '');
  return [...new Set([...a.keys(), ...b.keys()])].filter((name) => value(a, name) !== value(b, name));
}
