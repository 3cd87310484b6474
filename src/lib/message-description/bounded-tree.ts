import type { Part } from '#lib/mime';

/** Bounds on the strings of a part: the characters of each, and the entries of each list. */
interface StringBounds {
  readonly chars: number;
  readonly entries: number;
}

/** From hardly noticed on. */
const bounds: readonly StringBounds[] = [
  { chars: 1000, entries: 20 },
  { chars: 200, entries: 8 },
  { chars: 60, entries: 2 },
  // A few dozen bytes for each part, which always fit.
  { chars: 0, entries: 0 },
];

/**
 * Calls `fits` with the given tree, and while it says no, with trees whose strings are cut and whose lists are shortened, more each time. Offsets, sizes and
 * encodings stay as they are. A message may have a thousand parts, each with parameters of many kilobytes: kept whole, they could be as large as it.
 */
export function boundedTree(root: Part, fits: (root: Part) => boolean): void {
  if (fits(root)) return;
  for (const bound of bounds) if (fits(cut(root, bound))) return;
}

/** Members that decide how a part is read or shown: long enough for every registered name, whatever the bound. */
const names: ReadonlySet<string> = new Set(['type', 'subtype', 'encoding']);
const nameChars = 100;

/** A copy of a value within a part tree, whatever its members are, with its strings and lists cut; the list of parts stays whole. */
function cut<T>(value: T, bound: StringBounds, member = ''): T {
  // Each branch returns what it was given, shorter.
  return cutAny(value, bound, member) as T;
}

function cutAny(value: unknown, bound: StringBounds, member: string): unknown {
  if (typeof value === 'string') {
    const chars = names.has(member) ? Math.min(nameChars, Math.max(bound.chars, 20)) : bound.chars;
    // Without half of a surrogate pair at the end.
    return value.length <= chars ? value : value.slice(0, chars).toWellFormed();
  }
  if (value instanceof Uint8Array) return value.subarray(0, bound.chars);
  if (Array.isArray(value)) {
    const kept: unknown[] = member === 'parts' || value.length <= bound.entries ? value : shorter(value, bound);
    return kept.map((entry) => cutAny(entry, bound, ''));
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, cutAny(inner, bound, name)]));
}

/** The first entries; of an address list only mailboxes, since a group could lose its end. */
function shorter(list: readonly unknown[], { entries }: StringBounds): unknown[] {
  return list.slice(0, entries).filter((entry) => !isGroupMark(entry));
}

function isGroupMark(entry: unknown): boolean {
  if (typeof entry !== 'object' || entry === null || !('kind' in entry)) return false;
  return entry.kind === 'groupStart' || entry.kind === 'groupEnd';
}
