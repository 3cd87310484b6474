const utf16 = new TextDecoder('utf-16le', { ignoreBOM: true });

/** Decodes a single-byte charset whose lower half is ASCII and whose upper half is the 128 characters of `upperHalf`. */
export function decodeCodePage(bytes: Uint8Array, upperHalf: string): string {
  const out = new Uint8Array(bytes.length * 2);
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    const unit = byte < 0x80 ? byte : upperHalf.charCodeAt(byte - 0x80);
    out[2 * i] = unit;
    out[2 * i + 1] = unit >> 8;
  }
  return utf16.decode(out);
}
