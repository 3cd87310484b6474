/** A piece of a UID list: consecutive numbers, or up to 512 single ones. */
export type UidSpan =
  | { readonly kind: 'run'; readonly from: number; readonly to: number }
  | { readonly kind: 'list'; readonly uids: readonly number[] };

/** Runs shorter than this go into lists: a statement costs more than a few lookups. */
const minRunLength = 32;
const maxListLength = 512;

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
      spans.push({ kind: 'run', from, to: from + next - i - 1 });
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
