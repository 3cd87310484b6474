/** Kinds of octets that decide how a message can be relayed, as bits: over 127 needs 8BITMIME (RFC 6152 §3), NUL BINARYMIME (RFC 3030 §3). */
export const OctetKind = {
  /** Over 127. */
  EightBit: 0x80,
  Nul: 0x100,
} as const;

const ones = 0x0101_0101;
const highBits = 0x8080_8080;
/** Below this, setting up a view of words costs more than it saves. */
const minWordwiseBytes = 64;

/** Returns the kinds that occur from `from` to `to` (exclusive): bits of `OctetKind`, and other bits without a meaning. Reads four octets at a time. */
export function octetKinds(bytes: Uint8Array, from: number, to: number): number {
  if (to - from < minWordwiseBytes) return oneByOne(bytes, from, to);
  const head = from + ((4 - ((bytes.byteOffset + from) & 3)) & 3);
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + head, (to - head) >> 2);
  let any = 0;
  let zeros = 0;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as number;
    any |= word;
    // A high bit remains exactly if one of the four octets is zero: only then the subtraction sets the top bit of an octet that had none.
    zeros |= (word - ones) & ~word;
  }
  const inWords = ((any & highBits) === 0 ? 0 : OctetKind.EightBit) | ((zeros & highBits) === 0 ? 0 : OctetKind.Nul);
  return inWords | oneByOne(bytes, from, head) | oneByOne(bytes, head + words.length * 4, to);
}

function oneByOne(bytes: Uint8Array, from: number, to: number): number {
  let kinds = 0;
  for (let i = from; i < to; i++) {
    const byte = bytes[i] as number;
    // Zero minus one has all bits.
    kinds |= byte | ((byte - 1) & OctetKind.Nul);
  }
  return kinds;
}
