import { encodeBase64Text } from '#lib/codecs';

const encoder = new TextEncoder();

/** RFC 2047 §2: an encoded word has at most 75 characters, and a line with one at most 76. */
const maxWordChars = 75;
/** Characters of `=?utf-8?b?` and `?=`. */
const frameChars = 12;
/** Shortest limit, so that a word can hold some characters. */
const minWordChars = 40;

/**
 * Formats text as UTF-8 encoded words of at most 75 characters each (RFC 2047 §2), to be separated by folding or a space. RFC 2047 §5: each
 * word MUST represent an integral number of characters. Uses the shorter of the two encodings.
 * @param maxChars  Limit for shorter words, after a field name; at least 40.
 */
export function encodeWords(text: string, maxChars = maxWordChars): string[] {
  const maxTextChars = Math.min(Math.max(maxChars, minWordChars), maxWordChars) - frameChars;
  const chars = Array.from(text);
  const q = chars.map(encodeQ);
  let qSize = 0;
  for (const coded of q) qSize += coded.length;
  const isQ = qSize <= Math.ceil(encoder.encode(text).length / 3) * 4;
  const room = isQ ? maxTextChars : (maxTextChars >> 2) * 3;
  const words: string[] = [];
  let run = '';
  let size = 0;
  for (const [i, char] of chars.entries()) {
    const coded = q[i] ?? '';
    const cost = isQ ? coded.length : utf8Bytes(char);
    if (size + cost > room) {
      words.push(finishWord(run, isQ));
      run = '';
      size = 0;
    }
    run += isQ ? coded : char;
    size += cost;
  }
  if (run !== '') words.push(finishWord(run, isQ));
  return words;
}

function finishWord(run: string, isQ: boolean): string {
  return isQ ? `=?utf-8?q?${run}?=` : `=?utf-8?b?${encodeBase64Text(encoder.encode(run))}?=`;
}

function utf8Bytes(char: string): number {
  const point = char.codePointAt(0) ?? 0;
  if (point < 0x80) return 1;
  if (point < 0x800) return 2;
  return point < 0x10000 ? 3 : 4;
}

/** Encodes a character in Q. RFC 2047 §5 (3): only these may stand for themselves inside a phrase, so the same set is used everywhere. */
function encodeQ(char: string): string {
  if (/^[A-Za-z0-9!*+/-]$/.test(char)) return char;
  if (char === ' ') return '_';
  let out = '';
  for (const byte of encoder.encode(char)) out += `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return out;
}
