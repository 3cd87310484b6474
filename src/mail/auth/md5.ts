/** MD5 (RFC 1321) that can start from a stored state, which CRAM-MD5 servers keep instead of the password (RFC 2195 §2). Nothing else uses it. */

const shifts = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
const sines = Int32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 0x1_0000_0000) | 0);
const blockBytes = 64;

/** State before any input (RFC 1321 §3.3). */
export const md5Start: Int32Array = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);

/** Returns the state after one block of 64 bytes (RFC 1321 §3.4). */
export function md5Block(before: Int32Array, block: Uint8Array): Int32Array {
  const view = new DataView(block.buffer, block.byteOffset, blockBytes);
  let [a = 0, b = 0, c = 0, d = 0] = before;
  const [a0, b0, c0, d0] = [a, b, c, d];
  for (let i = 0; i < 64; i += 1) {
    const round = i >> 4;
    const [mixed, word] = mix(round, i, b, c, d);
    const sum = (a + mixed + (sines[i] ?? 0) + view.getInt32(word * 4, true)) | 0;
    const shift = shifts[round * 4 + (i & 3)] ?? 0;
    [a, d, c, b] = [d, c, b, (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0];
  }
  return Int32Array.of(a0 + a, b0 + b, c0 + c, d0 + d);
}

/** Returns the result of the round's function (F, G, H or I of RFC 1321 §3.4) and the index of the word that it takes. */
function mix(round: number, i: number, b: number, c: number, d: number): readonly [number, number] {
  switch (round) {
    case 0:
      return [(b & c) | (~b & d), i];
    case 1:
      return [(d & b) | (~d & c), (5 * i + 1) & 15];
    case 2:
      return [b ^ c ^ d, (3 * i + 5) & 15];
    default:
      return [c ^ (b | ~d), (7 * i) & 15];
  }
}

/** Returns the digest of `bytes`, starting from a state after `takenBytes` (a multiple of 64). */
export function md5Finish(state: Int32Array, bytes: Uint8Array, takenBytes: number): Uint8Array {
  const padded = new Uint8Array(Math.ceil((bytes.length + 9) / blockBytes) * blockBytes);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const bits = (takenBytes + bytes.length) * 8;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, bits >>> 0, true);
  view.setUint32(padded.length - 4, Math.floor(bits / 0x1_0000_0000), true);
  let current = state;
  for (let at = 0; at < padded.length; at += blockBytes)
    current = md5Block(current, padded.subarray(at, at + blockBytes));
  return bytesOf(current);
}

/** Encodes a state as 16 bytes, little-endian. */
export function bytesOf(state: Int32Array): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  state.forEach((word, i) => view.setInt32(i * 4, word, true));
  return bytes;
}

/** Decodes a state from 16 bytes. */
export function stateOf(bytes: Uint8Array): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16);
  return Int32Array.from({ length: 4 }, (_, i) => view.getInt32(i * 4, true));
}
