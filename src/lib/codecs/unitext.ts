import { type Parsed, parsed, refused } from '#lib/parsed';

// RFC 6533 §3: QCHAR leaves out controls, space, `+`, `=` and `\`.
const notQchar = /[^!-*,-<>-[\]-~]/gu;
const notQuchar = /[^!-*,-<>-[\]-~\u{80}-\u{10ffff}]/gu;

/** Encodes an address as utf-8-addr-xtext: ASCII only, others as `\x{HEX}`. RFC 6533 §3: MUST be used for servers without SMTPUTF8. */
export function encodeUtf8AddrXtext(text: string): string {
  return text.toWellFormed().replace(notQchar, embed);
}

/** Encodes an address as utf-8-addr-unitext (RFC 6533 §3): Unicode unchanged, ASCII that ORCPT cannot contain as `\x{HEX}`. */
export function encodeUnitext(text: string): string {
  return text.toWellFormed().replace(notQuchar, embed);
}

/** Parses utf-8-addr-unitext, of which utf-8-addr-xtext is a subset (RFC 6533 §3). Refuses other characters and surrogates. */
export function parseUnitext(text: string): Parsed<string> {
  let value = '';
  for (let i = 0; i < text.length;) {
    const backslash = text.indexOf('\\', i);
    const end = backslash < 0 ? text.length : backslash;
    const piece = text.slice(i, end);
    const bad = piece.search(notQuchar);
    if (bad >= 0) return refused(i + bad, 'character not allowed in a UTF-8 address');
    value += piece;
    i = end;
    if (i === text.length) break;
    embedded.lastIndex = i;
    const digits = embedded.exec(text)?.[1];
    const point = Number.parseInt(digits ?? '', 16);
    // RFC 6533 §3: HEXPOINT excludes surrogates. It also excludes most of ASCII, which is accepted: the meaning is clear.
    if (!(point <= 0x10ffff) || (point >= 0xd800 && point <= 0xdfff)) return refused(i, '\\x{HEX} expected');
    value += String.fromCodePoint(point);
    i = embedded.lastIndex;
  }
  return parsed(value);
}

const embedded = /\\x\{([0-9a-f]{2,6})\}/iy;

function embed(character: string): string {
  return `\\x{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(2, '0')}}`;
}
