import { sortedKeywords } from './keyword.ts';
import { flagNames } from './system-flag.ts';

/** One combination of flags and keywords (RFC 9051 §2.3.2), shared by all messages that have it. */
export interface FlagSet {
  /** Position in its table; never changes. */
  readonly index: number;
  /** `SystemFlag` bits. */
  readonly bits: number;
  /** Keywords in their spelling, sorted without case, without duplicates. */
  readonly keywords: readonly string[];
  /** As in a FETCH response between the parentheses, such as `\Seen $Forwarded`. */
  readonly text: string;
}

/** Interns flag combinations. Index 0 is the empty set. */
export class FlagSetTable {
  readonly #sets: FlagSet[] = [];
  readonly #byKey = new Map<string, FlagSet>();

  constructor() {
    this.intern(0, []);
  }

  /** Number of interned combinations. */
  get size(): number {
    return this.#sets.length;
  }

  /** Returns the FlagSet of this combination; `keywords` in any order. */
  intern(bits: number, keywords: readonly string[]): FlagSet {
    const sorted = sortedKeywords(keywords);
    const key = sorted.length === 0 ? String(bits) : `${bits} ${sorted.join(' ')}`;
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const set: FlagSet = {
      index: this.#sets.length,
      bits,
      keywords: sorted,
      text: [...flagNames(bits), ...sorted].join(' '),
    };
    this.#sets.push(set);
    this.#byKey.set(key, set);
    return set;
  }

  /** Returns the set at `index`. @throws RangeError for an index that `intern` never returned. */
  at(index: number): FlagSet {
    const set = this.#sets[index];
    if (set === undefined) throw new RangeError(`no flag set ${index}`);
    return set;
  }
}
