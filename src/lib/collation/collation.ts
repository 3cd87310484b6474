/** Collations of sorts (RFC 4790), as the session announces them; the first is used where a client names none. */
export const collations = ['i;unicode-casemap', 'i;ascii-casemap', 'i;octet'] as const;
/** Name of a collation. */
export type Collation = (typeof collations)[number];

/** Returns a key for each text, so that texts are in the order of a collation when `compareKeys` says so of their keys. */
export function collationKey(collation: Collation, text: string): string {
  if (collation === 'i;octet') return text;
  if (collation === 'i;ascii-casemap') return asciiUpper(text);
  return /^[\0-\x7f]*$/.test(text) ? text.toUpperCase() : unicodeKey(text);
}

/** Compares keys by the octets of their UTF-8, which is the order of code points. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [left, right] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (left !== right) return codePointOrder(left) - codePointOrder(right);
  }
  return a.length - b.length;
}

/** Code units of pairs stand for characters behind all others. */
function codePointOrder(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}

function asciiUpper(text: string): string {
  return text.replace(/[a-z]+/g, (letters) => letters.toUpperCase());
}

/** RFC 5051 §2: each character in title case, where that is one character, then decomposed. */
function unicodeKey(text: string): string {
  let key = '';
  for (const char of text) {
    const upper = char.toUpperCase();
    // Simple mappings only: ß stays ß. Titles of digraphs such as ǆ are their second forms, which decompose.
    key += Array.from(upper).length === 1 ? upper : char;
  }
  return key.normalize('NFKD');
}
