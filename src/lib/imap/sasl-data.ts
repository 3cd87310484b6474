import { parseBase64 } from '#lib/codecs';

const latin1 = new TextDecoder('latin1');

/**
 * Decodes what a SASL client sent: base64 with its padding, strictly (RFC 4648 §4); null when it is not that.
 * @param isInitial  `=` alone stands for no bytes (RFC 4959 §3), and nothing at all is refused.
 */
export function decodeSaslData(sent: Uint8Array, isInitial: boolean): Uint8Array | null {
  const text = latin1.decode(sent);
  if (isInitial && text === '=') return new Uint8Array(0);
  if (isInitial && text === '') return null;
  const bytes = parseBase64(text);
  return bytes.ok ? bytes.value : null;
}
