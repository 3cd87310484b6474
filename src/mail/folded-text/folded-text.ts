import { sql, type Sql } from '#ports/database';

/** Returns text with the letters A to Z in lower case, and all others as they are. */
export function foldAscii(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Returns the expression for a text column as `foldAscii` folds it. It takes some microseconds for each row and uses no index. */
export function asciiFolded(text: Sql): Sql {
  const toI = sql`replace(replace(replace(replace(replace(replace(replace(replace(replace(${text}, 'A', 'a'), 'B', 'b'), 'C', 'c'), 'D', 'd'), 'E', 'e'), 'F', 'f'), 'G', 'g'), 'H', 'h'), 'I', 'i')`;
  const toR = sql`replace(replace(replace(replace(replace(replace(replace(replace(replace(${toI}, 'J', 'j'), 'K', 'k'), 'L', 'l'), 'M', 'm'), 'N', 'n'), 'O', 'o'), 'P', 'p'), 'Q', 'q'), 'R', 'r')`;
  return sql`replace(replace(replace(replace(replace(replace(replace(replace(${toR}, 'S', 's'), 'T', 't'), 'U', 'u'), 'V', 'v'), 'W', 'w'), 'X', 'x'), 'Y', 'y'), 'Z', 'z')`;
}
