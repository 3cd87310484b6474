const questionMark = 0x3f;
/** Below this, setting up a view of words costs more than it saves. */
const minWordwiseBytes = 64;
const ones = 0x0101_0101;
const highBits = 0x8080_8080;

/**
 * Bytes as a literal may carry them: NUL, which only a literal8 may hold (RFC 9051 §4.3.1), becomes `?`, so that offsets stay as they are.
 * Without NUL, as nearly always, the same bytes.
 */
export function withoutNul(bytes: Uint8Array): Uint8Array {
  return hasNul(bytes) ? bytes.map((byte) => (byte === 0 ? questionMark : byte)) : bytes;
}

/** All of every message goes through here: 32 bytes at a time take less than half of the time of `includes`. */
function hasNul(bytes: Uint8Array): boolean {
  if (bytes.length < minWordwiseBytes) return bytes.includes(0);
  const head = (4 - (bytes.byteOffset & 3)) & 3;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + head, (bytes.length - head) >> 2);
  let at = 0;
  for (; at + 8 <= words.length; at += 8) {
    const zeros =
      zeroBytes(words[at] as number) |
      zeroBytes(words[at + 1] as number) |
      zeroBytes(words[at + 2] as number) |
      zeroBytes(words[at + 3] as number) |
      zeroBytes(words[at + 4] as number) |
      zeroBytes(words[at + 5] as number) |
      zeroBytes(words[at + 6] as number) |
      zeroBytes(words[at + 7] as number);
    if ((zeros & highBits) !== 0) return true;
  }
  return bytes.subarray(0, head).includes(0) || bytes.subarray(head + at * 4).includes(0);
}

/** Has one of `highBits` exactly if one of the four bytes is zero: only then the subtraction reaches the top bit of one that had none. */
function zeroBytes(word: number): number {
  return (word - ones) & ~word;
}
