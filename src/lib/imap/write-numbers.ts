/** Formats numbers as a sequence set in the order given, ascending runs as ranges: `1,3:5`. Empty for no numbers. */
export function writeSequenceSet(numbers: Iterable<number>): string {
  let text = '';
  for (const piece of sequenceSetPieces(numbers)) text += piece;
  return text;
}

/** Yields the text of `writeSequenceSet` in pieces of at most `numbersPerPiece` numbers, for long lists, which take milliseconds to format. */
export function* sequenceSetPieces(numbers: Iterable<number>, numbersPerPiece = 1024): Generator<string, void> {
  let text = '';
  let comma = '';
  let first = -1;
  let last = -1;
  let count = 0;
  for (const n of numbers) {
    if (n !== last + 1 || first < 0) {
      if (first >= 0) {
        text += comma + range(first, last);
        comma = ',';
      }
      first = n;
    }
    last = n;
    count += 1;
    if (count < numbersPerPiece) continue;
    yield text;
    text = '';
    count = 0;
  }
  if (first >= 0) yield text + comma + range(first, last);
}

function range(first: number, last: number): string {
  return first === last ? String(first) : `${first}:${last}`;
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Formats a `date-time` in UTC with its quotes (RFC 9051 §9), whose year has four digits: clamped to 0000 to 9999. @param ms  Milliseconds since 1970. */
export function writeInternalDate(ms: number): string {
  const date = new Date(Math.min(Math.max(ms, -62_167_219_200_000), 253_402_300_799_000));
  const two = (n: number) => (n < 10 ? `0${n}` : String(n));
  const day = date.getUTCDate();
  const year = String(date.getUTCFullYear()).padStart(4, '0');
  return (
    `"${day < 10 ? ' ' : ''}${day}-${months[date.getUTCMonth()] ?? ''}-${year} ` +
    `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000"`
  );
}
