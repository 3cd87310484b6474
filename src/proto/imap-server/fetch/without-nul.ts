const questionMark = 0x3f;

/** Bytes as a literal may carry them: NUL, which only a literal8 may hold (RFC 9051 §4.3.1), becomes `?`, so that offsets stay as they are. */
export function withoutNul(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte) => (byte === 0 ? questionMark : byte));
}
