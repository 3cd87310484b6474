/** Returns the numbers of ascending `all` that are not in ascending `some`. */
export function without(all: Uint32Array, some: ArrayLike<number>): Uint32Array {
  if (some.length === 0) return all;
  const rest = new Uint32Array(all.length);
  let count = 0;
  let at = 0;
  for (const number of all) {
    while (at < some.length && (some[at] ?? 0) < number) at++;
    if (some[at] !== number) rest[count++] = number;
  }
  return rest.subarray(0, count);
}

/** Merges two ascending lists that share no number. */
export function union(left: Uint32Array, right: Uint32Array): Uint32Array {
  if (left.length === 0) return right;
  if (right.length === 0) return left;
  const all = new Uint32Array(left.length + right.length);
  let i = 0;
  let j = 0;
  for (let to = 0; to < all.length; to++) {
    const takeLeft = j >= right.length || (i < left.length && (left[i] ?? 0) < (right[j] ?? 0));
    all[to] = takeLeft ? (left[i++] ?? 0) : (right[j++] ?? 0);
  }
  return all;
}

/** Returns the numbers that both ascending lists contain. */
export function intersection(all: Uint32Array, some: ArrayLike<number>): Uint32Array {
  const shared = new Uint32Array(Math.min(all.length, some.length));
  let count = 0;
  let at = 0;
  for (const number of all) {
    while (at < some.length && (some[at] ?? 0) < number) at++;
    if (at >= some.length) break;
    if (some[at] === number) shared[count++] = number;
  }
  return shared.subarray(0, count);
}

/** List of numbers with a fixed capacity. */
export class NumberList {
  readonly #numbers: Uint32Array;
  #count = 0;

  constructor(room: number) {
    this.#numbers = new Uint32Array(room);
  }

  /** Numbers collected so far. */
  get taken(): Uint32Array {
    return this.#numbers.subarray(0, this.#count);
  }

  push(value: number): void {
    this.#numbers[this.#count++] = value;
  }
}
