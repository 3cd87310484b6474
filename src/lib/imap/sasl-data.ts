const values = new Int8Array(256).fill(-1);
for (const [i, char] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries()) {
  values[char.charCodeAt(0)] = i;
}

/**
 * Decodes base64 with its padding (RFC 4648 §4), strictly; null when it is not that.
 * @param isInitial  `=` alone stands for no bytes (RFC 4959 §3).
 */
export function decodeSaslData(sent: Uint8Array, isInitial: boolean): Uint8Array | null {
  if (isInitial && sent.length === 1 && sent[0] === 0x3d) return new Uint8Array(0);
  if (sent.length % 4 !== 0 || (isInitial && sent.length === 0)) return null;
  let end = sent.length;
  while (end > sent.length - 2 && sent[end - 1] === 0x3d) end--;
  const out = new Uint8Array(Math.floor((end * 3) / 4));
  let held = 0;
  let bits = 0;
  let to = 0;
  for (let from = 0; from < end; from++) {
    const value = values[sent[from] ?? 0] ?? -1;
    if (value < 0) return null;
    held = ((held << 6) | value) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    out[to++] = held >>> bits;
  }
  // RFC 4648 §3.5: the bits that are left over are zero.
  return (held & ((1 << bits) - 1)) === 0 ? out : null;
}
