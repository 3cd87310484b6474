import type { Sql, SqlValue } from '#ports/database';

/** Largest list that `inList` takes; `inBatches` cuts longer ones. */
const maxListLength = 512;

/** Few lengths mean few statement texts, so that prepared statements are found again. */
const lengths: readonly { readonly count: number; readonly text: string }[] = [
  1,
  2,
  4,
  16,
  64,
  128,
  256,
  maxListLength,
].map((count) => ({ count, text: `(${Array.from({ length: count }, () => '?').join(', ')})` }));

/**
 * The right side of an `IN`, such as `(?, ?, ?)`, with its values bound; the last value is repeated to fill the next usual length.
 * @throws RangeError for an empty list or one of more than 512.
 */
export function inList(values: readonly SqlValue[]): Sql {
  const size = lengths.find(({ count }) => count >= values.length);
  const last = values.at(-1);
  if (size === undefined || last === undefined) throw new RangeError(`list of ${values.length}`);
  if (size.count === values.length) return { text: size.text, values };
  const filled = values.slice();
  while (filled.length < size.count) filled.push(last);
  return { text: size.text, values: filled };
}

/** Cuts a list into pieces that `inList` takes, or smaller ones. */
export function* inBatches<T>(values: readonly T[], size = maxListLength): Generator<readonly T[]> {
  for (let i = 0; i < values.length; i += size) yield values.slice(i, i + size);
}
