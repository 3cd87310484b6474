import { encodeBase64Text } from '#lib/codecs';

const encoder = new TextEncoder();
/** 10 + 60 + 2 characters: RFC 2047 §2 allows 75. */
const maxWordBytes = 45;

/** ASCII text as it is, other text as UTF-8 encoded words with spaces between them (RFC 2047 §4.1, §5). */
export function toEncodedWords(text: string): string {
  if (/^[\0-\x7f]*$/.test(text)) return text;
  const bytes = encoder.encode(text);
  const words: string[] = [];
  let start = 0;
  while (start < bytes.length) {
    let end = Math.min(start + maxWordBytes, bytes.length);
    // RFC 2047 §5: a character is never split over two words.
    while (end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
    words.push(`=?utf-8?b?${encodeBase64Text(bytes.subarray(start, end))}?=`);
    start = end;
  }
  return words.join(' ');
}
