const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** No bytes. */
export const nothing = new Uint8Array(0);

/** Text of a message, byte order marks kept so that it can be written back; null when it is not UTF-8. */
export function readUtf8(bytes: Uint8Array): string | null {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return null;
  }
}

/** Bytes of a message. */
export function writeUtf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Compares secrets in a time that depends on their lengths only. */
export function equalInConstantTime(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}
