const LF = 10;
const SP = 32;
const TAB = 9;

/**
 * Returns where the field that begins at `start` ends in a stored header: after the line break that no continuation line follows.
 * LF ends lines, with CR before it or not; a lone CR is part of the field, unlike for `parseHeader`.
 */
export function storedFieldEnd(header: Uint8Array, start: number): number {
  let at = start;
  for (;;) {
    const found = header.indexOf(LF, at);
    if (found < 0) return header.length;
    at = found + 1;
    const next = header[at];
    if (next !== SP && next !== TAB) return at;
  }
}
