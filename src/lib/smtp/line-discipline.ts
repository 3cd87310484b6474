import type { ContentProblem } from './content-scanner.ts';

/**
 * Checks that a whole message can be sent over SMTP unchanged: lines end with CRLF, and neither CR nor LF stands alone (RFC 5321 §2.3.8).
 * @returns the problem and the offset of its octet, or null.
 */
export function checkLineDiscipline(
  message: Uint8Array,
): { readonly problem: ContentProblem; readonly at: number } | null {
  let from = 0;
  while (from < message.length) {
    const lf = message.indexOf(10, from);
    const cr = message.indexOf(13, from);
    if (lf < 0 && cr < 0) return null;
    if (cr < 0 || (lf >= 0 && lf < cr)) return { problem: 'bareLf', at: lf };
    if (lf !== cr + 1) return { problem: 'bareCr', at: cr };
    from = lf + 1;
  }
  return null;
}
