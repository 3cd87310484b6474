/** `{n}`, `{n+}`, `~{n}` or `~{n+}` at the end of a line (RFC 9051 §4.3, RFC 7888 §3). */
export interface LiteralHeader {
  /** Offset of its first byte, the tilde included. */
  readonly at: number;
  /** Infinity for more than 15 digits, although number64 (RFC 9051 §9) has up to 19: such a size exceeds any limit. */
  readonly sizeBytes: number;
  readonly isSynchronizing: boolean;
}

/** Length of the longest header: tilde, braces, plus, and 20 digits. */
export const maxLiteralHeaderBytes = 24;

/** Finds the literal header that ends at `end` (where the CRLF begins), looking back to `start`. Returns null when there is none. */
export function literalHeader(bytes: Uint8Array, start: number, end: number): LiteralHeader | null {
  let at = end - 1;
  if (at < start || bytes[at] !== 0x7d) return null;
  at--;
  const isSynchronizing = bytes[at] !== 0x2b;
  if (!isSynchronizing) at--;
  const digitsEnd = at;
  let size = 0;
  let scale = 1;
  const lowest = Math.max(start, end - maxLiteralHeaderBytes);
  for (; at >= lowest; at--) {
    const digit = (bytes[at] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) break;
    size += digit * scale;
    scale *= 10;
  }
  if (at < lowest || bytes[at] !== 0x7b || at === digitsEnd) return null;
  const hasTilde = at > start && bytes[at - 1] === 0x7e;
  return {
    at: hasTilde ? at - 1 : at,
    sizeBytes: digitsEnd - at > 15 ? Infinity : size,
    isSynchronizing,
  };
}
