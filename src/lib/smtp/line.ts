/**
 * Reason why a line is no SMTP line: `bareLf`, `bareCr` its line end or a CR within (RFC 5321 §2.3.8), `nul` a NUL octet,
 * `utf8` octets above 127 that are not UTF-8 (RFC 6531 §3.1).
 */
export type LineProblem = 'bareLf' | 'bareCr' | 'nul' | 'utf8';

/** A decoded line; its text is empty when there is a problem with its octets, and must not be executed when its line end is the only problem. */
export interface Line {
  readonly kind: 'line';
  readonly text: string;
  readonly problem: LineProblem | null;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Decodes the line from `from` to its LF at `lf`. RFC 5321 §2.3.8: only CRLF ends a line, so a bare LF is a problem. */
export function decodeLine(bytes: Uint8Array, from: number, lf: number): Line {
  if (lf === from || bytes[lf - 1] !== 13) {
    return { ...checkedLine(bytes.subarray(from, lf)), problem: 'bareLf' };
  }
  return checkedLine(bytes.subarray(from, lf - 1));
}

/** Decodes a line without its line end, refusing CR, NUL and what is not UTF-8. */
function checkedLine(line: Uint8Array): Line {
  for (let i = 0; i < line.length; i++) {
    const b = line[i] ?? 0;
    if (b === 13) return { kind: 'line', text: '', problem: 'bareCr' };
    if (b === 0) return { kind: 'line', text: '', problem: 'nul' };
  }
  try {
    return { kind: 'line', text: utf8.decode(line), problem: null };
  } catch {
    return { kind: 'line', text: '', problem: 'utf8' };
  }
}
