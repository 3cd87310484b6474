import type { EventLoop } from '#ports/event-loop';

/** Entries that are sorted, or merged, between two questions to the loop. */
const pieceEntries = 1024;

/** Sorts as `toSorted` does, with pauses for others: a list of 100,000 takes some tenths of a second. */
export async function sortedInPieces<T>(
  entries: readonly T[],
  compare: (a: T, b: T) => number,
  loop: EventLoop,
): Promise<readonly T[]> {
  let runs: (readonly T[])[] = [];
  for (let at = 0; at < entries.length; at += pieceEntries) {
    runs.push(entries.slice(at, at + pieceEntries).sort(compare));
    const pause = loop.pause();
    if (pause !== null) await pause;
  }
  while (runs.length > 1) {
    const longer: (readonly T[])[] = [];
    for (let i = 0; i < runs.length; i += 2) longer.push(await merged(runs[i] ?? [], runs[i + 1] ?? [], compare, loop));
    runs = longer;
  }
  return runs[0] ?? [];
}

async function merged<T>(
  left: readonly T[],
  right: readonly T[],
  compare: (a: T, b: T) => number,
  loop: EventLoop,
): Promise<readonly T[]> {
  const all: T[] = [];
  let [i, j] = [0, 0];
  for (;;) {
    const [a, b] = [left[i], right[j]];
    if (a === undefined || b === undefined) break;
    if (compare(a, b) <= 0) {
      all.push(a);
      i += 1;
    } else {
      all.push(b);
      j += 1;
    }
    if (all.length % pieceEntries !== 0) continue;
    const pause = loop.pause();
    if (pause !== null) await pause;
  }
  for (; i < left.length; i++) all.push(left[i] as T);
  for (; j < right.length; j++) all.push(right[j] as T);
  return all;
}
