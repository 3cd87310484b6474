/** Writes a statement's values as PostgreSQL does, `$1`, `$2` …, instead of `?`. Quoted text and comments stay as they are. */
export function numbered(text: string): string {
  let count = 0;
  return text.replace(/'(?:[^']|'')*'|"[^"]*"|--[^\n]*|\?/g, (found) => {
    if (found !== '?') return found;
    count += 1;
    return `$${count}`;
  });
}
