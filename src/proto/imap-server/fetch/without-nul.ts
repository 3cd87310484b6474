const questionMark = 0x3f;

/** Replaces NUL, which only a literal8 may hold (RFC 9051 §4.3.1), with `?`, so that offsets do not change. */
export function withoutNul(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => (byte === 0 ? questionMark : byte));
}
