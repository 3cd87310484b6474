/** Classes of characters of RFC 9051 §9 as bits, one byte per octet. */
export const CharacterClass = {
  /** ATOM-CHAR */ Atom: 1,
  /** ASTRING-CHAR: ATOM-CHAR and `]` */ Astring: 2,
  /** list-char: ASTRING-CHAR and the wildcards */ List: 4,
  /** tag: ASTRING-CHAR except `+` (RFC 9051 §9) */ Tag: 8,
  Digit: 16,
  /** Letters, digits, `.`, `-`, `_`: names of commands and data items. */ Name: 32,
} as const;

const table = buildTable();

function buildTable(): Uint8Array {
  const built = new Uint8Array(256);
  // RFC 9051 §9, atom-specials: "(" ")" "{" SP CTL "%" "*" DQUOTE "\" "]".
  const specials = '(){ %*"\\]';
  for (let code = 0x21; code < 0x7f; code++) {
    const char = String.fromCharCode(code);
    let classes = 0;
    if (!specials.includes(char)) classes |= CharacterClass.Atom;
    if (!specials.includes(char) || char === ']')
      classes |= CharacterClass.Astring | CharacterClass.List | CharacterClass.Tag;
    if (char === '%' || char === '*') classes |= CharacterClass.List;
    if (char === '+') classes &= ~CharacterClass.Tag;
    if (char >= '0' && char <= '9') classes |= CharacterClass.Digit;
    if (/[A-Za-z0-9._-]/.test(char)) classes |= CharacterClass.Name;
    built[code] = classes;
  }
  return built;
}

/** Reports whether an octet is in one of the classes of `mask`; false for undefined (past the end). */
export function isIn(octet: number | undefined, mask: number): boolean {
  return octet !== undefined && ((table[octet] ?? 0) & mask) !== 0;
}
