const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** No bytes. */
export const nothing = new Uint8Array(0);

/** Decodes a message as UTF-8, keeping byte order marks; null when it is not UTF-8 (RFC 4616 §2, RFC 5802 §7). */
export function readUtf8(bytes: Uint8Array): string | null {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return null;
  }
}

/** Encodes a message as UTF-8. */
export function writeUtf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Compares secrets in a time that depends only on their lengths. */
export function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}
