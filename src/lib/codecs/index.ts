/**
 * Encodings of bytes as fewer kinds of bytes: base64, quoted-printable, hexadecimal, percent, and the small text encodings of SMTP and IMAP.
 * Charsets are not here (see #lib/charset), nor header syntax that merely uses these (RFC 2047 and 2231: see #lib/message).
 *
 * Names show the behaviour: `encode…` writes; `decode…` is tolerant and never fails, for messages; `parse…` is strict, for commands.
 * `joinBytes` joins byte arrays, for all modules. Streaming forms are classes with `push` and `finish`; what they return is fresh memory that the caller may keep.
 */
export { joinBytes } from './join-bytes.ts';
export type { Decoder, Encoder } from './transform.ts';
export { Base64Decoder, decodeBase64 } from './base64-decoder.ts';
export { Base64Encoder, encodeBase64Text, encodeBase64url } from './base64-encoder.ts';
export { parseBase64, parseBase64url } from './base64-strict.ts';
export { decodeQuotedPrintable, QuotedPrintableDecoder } from './quoted-printable-decoder.ts';
export { encodeQuotedPrintable, QuotedPrintableEncoder } from './quoted-printable-encoder.ts';
export { encodeModifiedUtf7, parseModifiedUtf7 } from './modified-utf7.ts';
export { encodeXtext, parseXtext } from './xtext.ts';
export { encodeUnitext, encodeUtf8AddrXtext, parseUnitext } from './unitext.ts';
export { encodeHex, parseHex } from './hex.ts';
export { decodePercent, encodePercent } from './percent.ts';
