const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const values = new Int8Array(256).fill(-1);
for (const [i, char] of [...alphabet].entries()) values[char.charCodeAt(0)] = i;

/** Encodes bytes in base64 with padding (RFC 4648 §4), as a SASL challenge is sent. */
export function encodeBase64(bytes: Uint8Array): string {
  let out = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    out += alphabet.charAt(group >>> 18) + alphabet.charAt((group >>> 12) & 63);
    out += left > 1 ? alphabet.charAt((group >>> 6) & 63) : '=';
    out += left > 2 ? alphabet.charAt(group & 63) : '=';
  }
  return out;
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
