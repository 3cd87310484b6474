/** Cuts a list of UIDs into lists of at most `size`, in order. */
export function* uidBatches(uids: ArrayLike<number>, size: number): Generator<number[]> {
  for (let start = 0; start < uids.length; start += size) {
    const count = Math.min(size, uids.length - start);
    yield Array.from({ length: count }, (_, i) => uids[start + i] ?? 0);
  }
}
