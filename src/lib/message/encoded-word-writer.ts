import { encodeBase64Text } from '#lib/codecs';

const encoder = new TextEncoder();

/** RFC 2047 §2: an encoded word has at most 75 characters, and a line with one at most 76. */
const maxWordChars = 75;
/** Characters of `=?utf-8?b?` and `?=`. */
const frameChars = 12;
/** A word must hold some characters, however narrow the place. */
const minWordChars = 40;

/**
 * Text as UTF-8 encoded words of at most 75 characters each, to be separated by folding or a blank; characters are never split
 * (RFC 2047 §5). Of the two encodings the shorter is taken.
 * @param maxChars  Shorter words, for where a field name precedes; not less than 40.
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

/** RFC 2047 §5 (3): only these may stand for themselves inside a phrase, so they are used everywhere. */
function encodeQ(char: string): string {
  if (/^[A-Za-z0-9!*+/-]$/.test(char)) return char;
  if (char === ' ') return '_';
  let out = '';
  for (const byte of encoder.encode(char)) out += `=${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  return out;
}
