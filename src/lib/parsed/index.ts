/** Result of every strict parser (docs/style.md: three kinds of parser, three kinds of answer). */

/** A parsed value, or where and why the input was refused. `at` counts code units (strings) or bytes (Uint8Array) from 0. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly at: number; readonly reason: string };

/** Makes the result for a parsed value. */
export function parsed<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

/** Makes a refusal: `reason` completes the sentence "bad input at offset `at`: …". */
export function refused(
  at: number,
  reason: string,
): { readonly ok: false; readonly at: number; readonly reason: string } {
  return { ok: false, at, reason };
}
