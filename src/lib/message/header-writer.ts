import { encodeWords } from './encoded-word-writer.ts';

/** Options of writing header text. */
export interface WriteOptions {
  /** True when UTF-8 is permitted in headers (RFC 6532 §3); otherwise text that is not ASCII is encoded. Default false. */
  readonly smtputf8?: boolean;
}

/** RFC 5322 §2.1.1: lines SHOULD have at most 78 characters. */
const softLimit = 78;
/** Longest text that is not cut: RFC 6532 §3.4 limits lines to 998 octets, and a code unit may have three. */
export const maxUncutChars = 300;

/**
 * Formats one field from pieces that may each start a new line (RFC 5322 §2.2.3: folding before white space); a piece includes its own
 * leading space. Pieces are never cut. The result ends with CRLF.
 */
export function foldField(name: string, pieces: readonly string[]): string {
  let out = `${name}:`;
  let column = out.length;
  let isFirst = true;
  for (const piece of pieces) {
    const text = isFirst && !piece.startsWith(' ') ? ` ${piece}` : piece;
    // A line of blanks only is obsolete (RFC 5322 §4.2), so nothing is folded before the first piece.
    if (!isFirst && /^[ \t]/.test(text) && column + text.length > softLimit) {
      out += '\r\n';
      column = 0;
    }
    out += text;
    column += text.length;
    isFirst = false;
  }
  return `${out}\r\n`;
}

/**
 * Formats an unstructured field (RFC 5322 §2.2.1), folded, with CRLF. Line breaks and other control characters become spaces, so no
 * text can add a field. Text that is not ASCII, looks like an encoded word, or has a word too long for a line is encoded.
 * @param name  Field name in its final spelling.
 */
export function writeUnstructured(name: string, text: string, options: WriteOptions = {}): string {
  return foldField(name, unstructuredPieces(cleanText(text), name.length, options));
}

/** Replaces each control character with a space and lone surrogates with U+FFFD. */
export function cleanText(text: string): string {
  return text.toWellFormed().replace(/\p{Cc}/gu, ' ');
}

function unstructuredPieces(text: string, nameChars: number, options: WriteOptions): string[] {
  const words = text.match(/ *[^ ]+| +$/g) ?? [];
  const first = words.findIndex((word) => needsEncoding(word, options));
  if (first < 0 && text === text.trim()) return words;
  const isPadded = text !== text.trim();
  const from = isPadded ? 0 : first;
  const to = isPadded ? words.length : words.findLastIndex((word) => needsEncoding(word, options)) + 1;
  const plain = words.slice(from, to).join('');
  // The first word of the field shares its line with the name (RFC 2047 §2: at most 76 characters).
  const encoded = from > 0 ? encodeWords(plain.replace(/^ /, '')) : encodeWords(plain, 76 - nameChars - 2);
  return [...words.slice(0, from), ...encoded.map((word) => ` ${word}`), ...words.slice(to)];
}

function needsEncoding(word: string, options: WriteOptions): boolean {
  if (word.includes('=?') || word.length > maxUncutChars || / {40}/.test(word)) return true;
  return options.smtputf8 !== true && !isAscii(word);
}

/** Reports whether all characters are ASCII. */
export function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false;
  return true;
}
