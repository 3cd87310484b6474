import { parseBase64 } from '#lib/codecs';

const latin1 = new TextDecoder('latin1');

/**
 * Decodes the response of a SASL client: strict base64 with padding (RFC 4648 §4). Returns null for anything else, which the server
 * MUST answer with BAD (RFC 9051 §6.2.2).
 *
 * @param isInitial  `=` alone is a response of no bytes (RFC 4959 §3), and the empty string is refused.
 */
export function decodeSaslData(sent: Uint8Array, isInitial: boolean): Uint8Array | null {
  const text = latin1.decode(sent);
  if (isInitial && text === '=') return new Uint8Array(0);
  if (isInitial && text === '') return null;
  const bytes = parseBase64(text);
  return bytes.ok ? bytes.value : null;
}
