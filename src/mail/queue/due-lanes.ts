import type { Database } from '#ports/database';
import type { Lane } from './lane.ts';
import { dueByLane, nextDueDestination, nextDueTransport } from './recipient-rows.ts';

/** The lanes that have a recipient that is due, in alphabetical order. */
export interface DueLanes {
  /** The first transport after `cursor`; null when there is none. */
  nextTransport(cursor: string): Promise<string | null>;
  /** The first destination of a transport after `cursor`; null when there is none. */
  nextDestination(transport: string, cursor: string): Promise<string | null>;
}

/** Up to so many due recipients are looked at at once. */
const maxListed = 2000;

/**
 * Finds the lanes with something due at this time. Up to 2000 due recipients are looked at together, whatever number waits for later; when there are
 * more, one lane after the other is looked for, which passes over what is not due.
 */
export async function dueLanes(db: Database, nowMs: number): Promise<DueLanes> {
  const rows = await db.read((reader) => dueByLane(reader, nowMs, maxListed));
  if (rows.reduce((sum, { recipients }) => sum + recipients, 0) < maxListed) return new ListedLanes(rows);
  return {
    nextTransport: (cursor) => db.read((reader) => nextDueTransport(reader, cursor, nowMs)),
    nextDestination: (transport, destination) =>
      db.read((reader) => nextDueDestination(reader, { transport, destination }, nowMs)),
  };
}

/** Lanes in memory. */
class ListedLanes implements DueLanes {
  readonly #transports: readonly string[];
  readonly #destinations = new Map<string, readonly string[]>();

  constructor(rows: readonly Lane[]) {
    const groups = Map.groupBy(rows, ({ transport }) => transport);
    this.#transports = sorted(groups.keys());
    for (const [transport, group] of groups) {
      this.#destinations.set(transport, sorted(group.map(({ destination }) => destination)));
    }
  }

  nextTransport(cursor: string): Promise<string | null> {
    return Promise.resolve(after(this.#transports, cursor));
  }

  nextDestination(transport: string, cursor: string): Promise<string | null> {
    return Promise.resolve(after(this.#destinations.get(transport) ?? [], cursor));
  }
}

function sorted(names: Iterable<string>): string[] {
  return [...new Set(names)].toSorted();
}

/** The first of sorted names after `cursor`, by halving. */
function after(names: readonly string[], cursor: string): string | null {
  let [low, high] = [0, names.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((names[middle] ?? '') > cursor) high = middle;
    else low = middle + 1;
  }
  return names[low] ?? null;
}
