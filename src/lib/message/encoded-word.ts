import { decode, decodePieces, sniffCharset } from '#lib/charset';
import { decodeBase64, joinBytes } from '#lib/codecs';

const encoder = new TextEncoder();

// RFC 2047 §2 permits no spaces and 75 characters; violations of both are common and accepted. RFC 2231 §5 adds `*language`.
const encodedWord = /=\?([^?*\s]+)(?:\*[^?\s]*)?\?([bq])\?([^?\r\n]*)\?=/gi;

/**
 * Decodes the encoded words of a header text (RFC 2047 §6). White space between two adjacent words is removed (RFC 2047 §6.2). Bytes of
 * adjacent words of one charset are joined before conversion, because some software splits characters, against RFC 2047 §5. Unknown charsets
 * are read as UTF-8 or windows-1252. Never fails: invalid encoded words are kept. Control characters from inside words become spaces.
 */
export function decodeEncodedWords(text: string): string {
  if (!text.includes('=?')) return text;
  let out = '';
  for (const piece of encodedWordPieces(text)) out += piece;
  return out;
}

/** Number of words that are decoded at a time, in about a tenth of a millisecond. */
const wordsPerPiece = 64;
/** Number of bytes of adjacent words that are converted at a time. */
const pieceBytes = 8 * 1024;
const controls = /\p{Cc}/gu;

/** Yields the result of `decodeEncodedWords` in pieces, some of them empty, for long texts. */
export function* encodedWordPieces(text: string): Generator<string, void> {
  let out = '';
  let end = 0;
  let charset = '';
  let pending: Uint8Array[] = [];
  let words = 0;
  for (const match of text.matchAll(encodedWord)) {
    const between = text.slice(end, match.index);
    const name = (match[1] ?? '').toLowerCase();
    const isApart = pending.length === 0 || /[^ \t\r\n]/.test(between);
    if (isApart || name !== charset) {
      if (pending.length < wordsPerPiece) out += converted(pending, charset);
      else {
        yield out;
        yield* convertedPieces(pending, charset);
        out = '';
      }
      pending = [];
    }
    if (isApart) out += between;
    charset = name;
    pending.push((match[2] ?? '').toLowerCase() === 'b' ? decodeB(match[3] ?? '') : decodeQ(match[3] ?? ''));
    end = match.index + match[0].length;
    if (++words % wordsPerPiece > 0) continue;
    yield out;
    out = '';
  }
  if (pending.length < wordsPerPiece) yield out + converted(pending, charset) + text.slice(end);
  else {
    yield out;
    yield* convertedPieces(pending, charset);
    yield text.slice(end);
  }
}

/** Returns the text of adjacent words. */
function converted(words: readonly Uint8Array[], charset: string): string {
  return words.length === 0 ? '' : decode(joinBytes(words), charset).replace(controls, ' ');
}

/** As `converted`, in pieces. */
function* convertedPieces(words: readonly Uint8Array[], charset: string): Generator<string, void> {
  const bytes = joinBytes(words);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) pieces.push(bytes.subarray(at, at + pieceBytes));
  for (const piece of decodePieces(pieces, charset, sniffCharset(bytes))) yield piece.replace(controls, ' ');
}

/** Decodes Q (RFC 2047 §4.2): `_` is a space, `=HH` a byte. Characters over 255, which cannot be bytes, become `?`. */
function decodeQ(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  let size = 0;
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i);
    if (code === 95) code = 32;
    else if (code === 61) {
      const high = hexDigit(text.charCodeAt(i + 1));
      const low = hexDigit(text.charCodeAt(i + 2));
      if (high >= 0 && low >= 0) {
        code = high * 16 + low;
        i += 2;
      }
    }
    bytes[size++] = code > 255 ? 63 : code;
  }
  return bytes.subarray(0, size);
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 65 && code <= 70) return code - 55;
  if (code >= 97 && code <= 102) return code - 87;
  return -1;
}

/** Decodes B, which is base64 (RFC 2047 §4.1), in either alphabet, ignoring other characters and missing padding. */
function decodeB(text: string): Uint8Array {
  return decodeBase64(encoder.encode(text.replaceAll('-', '+').replaceAll('_', '/')));
}
