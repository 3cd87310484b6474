/**
 * Reports whether a mailbox name matches a LIST pattern: `*` matches any characters, `%` any except the separator (RFC 9051 §6.3.9).
 * INBOX as the first component is compared without case (RFC 9051 §5.1). Takes at most pattern × name steps, times name where a `%`
 * follows a `*`.
 * @param separator  Null when names are flat: `%` then matches like `*`.
 * @param steps  Budget that each step reduces. When it is used up, nothing matches.
 */
export function matchListPattern(
  pattern: string,
  name: string,
  separator: string | null,
  steps: { left: number } = { left: Infinity },
): boolean {
  const wanted = foldInbox(pattern, separator);
  const given = foldInbox(name, separator);
  // Only the latest `*`, and the latest `%` after it, need backtracking: they can match everything that an earlier one could.
  let at = 0;
  let star = -1;
  let starName = 0;
  let percent = -1;
  let percentName = 0;
  let i = 0;
  for (;;) {
    steps.left -= 1;
    if (steps.left < 0) return false;
    const token = wanted[at];
    if (token === '*') {
      star = at++;
      starName = i;
      percent = -1;
    } else if (token === '%') {
      percent = at++;
      percentName = i;
    } else if (i < given.length && token === given[i]) {
      at++;
      i++;
    } else if (i >= given.length && at >= wanted.length) return true;
    else if (percent >= 0 && percentName < given.length && given[percentName] !== separator) {
      i = ++percentName;
      at = percent + 1;
    } else if (star >= 0 && starName < given.length) {
      i = ++starName;
      at = star + 1;
      percent = -1;
    } else return false;
  }
}

function foldInbox(text: string, separator: string | null): string {
  const ends = text.length === 5 || text[5] === separator || text[5] === '*' || text[5] === '%';
  return ends && text.slice(0, 5).toUpperCase() === 'INBOX' ? `INBOX${text.slice(5)}` : text;
}
