const LF = 10;
const SP = 32;
const TAB = 9;

/**
 * Returns the end of the field that begins at `start` in a stored header: after the line break that no continuation line follows
 * (RFC 5322 §2.2.3). LF ends lines, with or without CR; a lone CR is part of the field, unlike in `parseHeader`.
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
