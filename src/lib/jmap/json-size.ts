import type { JsonValue } from './json.ts';

/** Characters that a value without text takes. */
const valueChars = 8;

/**
 * Returns about how many characters a value takes as JSON, or some number over `most` when it is more: a value that holds another twice is counted as often, and the
 * count ends as soon as it is over.
 */
export function jsonSize(value: JsonValue, most: number): number {
  let chars = 0;
  const rest: JsonValue[] = [value];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    chars += valueChars;
    if (typeof next === 'string') chars += next.length;
    else if (Array.isArray(next)) {
      chars += next.length * valueChars;
      if (chars <= most) for (const one of next as readonly JsonValue[]) rest.push(one);
    } else if (typeof next === 'object' && next !== null) {
      for (const [name, one] of Object.entries(next)) {
        chars += name.length;
        rest.push(one);
      }
    }
    if (chars > most) return chars;
  }
  return chars;
}
