/** A piece of a UID list: up to 128 consecutive numbers, or up to 128 single ones: a statement holds the event loop until it has done them all. */
export type UidSpan =
  | { readonly kind: 'run'; readonly from: number; readonly to: number }
  | { readonly kind: 'list'; readonly uids: readonly number[] };

/** Runs shorter than this go into lists: a statement costs more than a few lookups. */
const minRunLength = 32;
const maxListLength = 128;
const maxRunLength = 128;

/** Cuts an ascending list of UIDs into few pieces, in order, that a statement can take each. */
export function uidSpans(uids: ArrayLike<number>): UidSpan[] {
  const spans: UidSpan[] = [];
  let singles: number[] = [];
  const flush = (): void => {
    if (singles.length > 0) spans.push({ kind: 'list', uids: singles });
    singles = [];
  };
  for (let i = 0; i < uids.length;) {
    const from = uids[i] ?? 0;
    let next = i + 1;
    while (next < uids.length && uids[next] === from + next - i) next += 1;
    if (next - i >= minRunLength) {
      flush();
      for (let k = i; k < next; k += maxRunLength) {
        const end = Math.min(k + maxRunLength, next);
        spans.push({ kind: 'run', from: from + k - i, to: from + end - i - 1 });
      }
    } else {
      for (let k = i; k < next; k += 1) {
        singles.push(uids[k] ?? 0);
        if (singles.length === maxListLength) flush();
      }
    }
    i = next;
  }
  flush();
  return spans;
}
