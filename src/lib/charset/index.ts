/**
 * Text from bytes in the charsets that mail uses: all of WHATWG Encoding by TextDecoder, UTF-7, and DOS code pages.
 * Nothing is ever written in a charset other than UTF-8; transfer encodings are in #lib/codecs.
 * Decoding never fails: labels are guesses, and bytes without meaning become U+FFFD.
 */
export { type Charset, normalizeCharset } from './label.ts';
export { charsetLabels } from './labels.ts';
export { decode, decodePieces, sniffCharset } from './decode.ts';
export { octetText, octetsOf, readableText } from './octet-text.ts';
export { isAscii } from './bytes.ts';
