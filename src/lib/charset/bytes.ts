const utf8 = new TextDecoder();

// Arguments that one call may have; far below every engine's limit.
const unitsPerCall = 8192;

/** Reports whether no byte is over 127. */
export function isAscii(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if ((bytes[i] ?? 0) > 0x7f) return false;
  return true;
}

/** Reports whether `bytes` are well-formed UTF-8 (RFC 3629 §4): no overlong forms, no surrogates, nothing over U+10FFFF, nothing cut off. */
export function isUtf8(bytes: Uint8Array): boolean {
  let i = 0;
  while (i < bytes.length) {
    const lead = bytes[i++] ?? 0;
    if (lead < 0x80) continue;
    if (lead < 0xc2 || lead > 0xf4) return false;
    // The second byte has fewer values after four of the lead bytes.
    const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    const second = bytes[i++] ?? 0;
    if (second < low || second > high) return false;
    for (let more = lead < 0xe0 ? 0 : lead < 0xf0 ? 1 : 2; more > 0; more--) {
      if (((bytes[i++] ?? 0) & 0xc0) !== 0x80) return false;
    }
  }
  return true;
}

/** Encodes each code unit as one byte (ISO 8859-1, not windows-1252). @throws RangeError for a code unit over 255. */
export function toLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0xff) throw new RangeError(`code unit ${unit} at ${i} is not Latin-1`);
    bytes[i] = unit;
  }
  return bytes;
}

/** Decodes each byte as one code unit (ISO 8859-1, not windows-1252), without loss: `toLatin1` returns the bytes. */
export function fromLatin1(bytes: Uint8Array): string {
  if (isAscii(bytes)) return utf8.decode(bytes);
  if (bytes.length <= unitsPerCall) return String.fromCharCode(...bytes);
  const pieces: string[] = [];
  for (let i = 0; i < bytes.length; i += unitsPerCall) {
    pieces.push(String.fromCharCode(...bytes.subarray(i, i + unitsPerCall)));
  }
  return pieces.join('');
}
