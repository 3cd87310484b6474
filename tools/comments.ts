/** The comments of source, found line by line. */

/** String literals, which may hold `//`. */
const literal = /'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"/g;

/** Returns the comment of a line of source, empty when it has none. */
export function commentOf(line: string): string {
  return /^\s*\*(?!\/)(.*)$/.exec(line)?.[1] ?? /(?:\/\*\*?|\/\/)(.*)$/.exec(line.replaceAll(literal, "''"))?.[1] ?? '';
}
