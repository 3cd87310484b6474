const ascii = /^[\x20-\x7e]*$/;

/** Whether `text` is printable ASCII. */
export function isAscii(text: string): boolean {
  return ascii.test(text);
}

/**
 * Address as the value of Final-Recipient: `rfc822; …`, or the `utf-8` type (RFC 6533 §3), whose characters beyond ASCII are
 * written as `\x{…}` unless `smtputf8`.
 */
export function typedAddress(address: string, smtputf8: boolean): string {
  if (isAscii(address)) return `rfc822; ${address}`;
  return `utf-8; ${smtputf8 ? clean(address) : embedUnicode(address)}`;
}

/** ORCPT value for Original-Recipient: xtext decoded (RFC 3461 §4), except in the `utf-8` type, which has its own escapes. */
export function typedOriginal(orcpt: string, smtputf8: boolean): string {
  const semicolon = orcpt.indexOf(';');
  if (semicolon < 0) return typedAddress(orcpt, smtputf8);
  const type = orcpt.slice(0, semicolon).toLowerCase();
  const address = orcpt.slice(semicolon + 1);
  if (type === 'utf-8') return `utf-8; ${smtputf8 ? readUnicode(address) : embedUnicode(address)}`;
  const decoded = clean(decodeXtext(address));
  return `${clean(type)}; ${isAscii(decoded) || smtputf8 ? decoded : embedUnicode(decoded)}`;
}

/** Address from a `type; address` value; `\x{…}` escapes of the `utf-8` type are decoded. */
export function readTypedAddress(value: string): string {
  const semicolon = value.indexOf(';');
  if (semicolon < 0) return value.trim();
  const address = value.slice(semicolon + 1).trim();
  return value.slice(0, semicolon).trim().toLowerCase() === 'utf-8' ? readUnicode(address) : address;
}

/** Decodes xtext (RFC 3461 §4): `+` and two upper-case hex digits stand for a byte of UTF-8. Malformed escapes stay as they are. */
export function decodeXtext(text: string): string {
  return text.replace(/(?:\+[0-9A-F]{2})+/g, (run) => {
    const bytes = Uint8Array.from(run.slice(1).split('+'), (hex) => Number.parseInt(hex, 16));
    return new TextDecoder().decode(bytes);
  });
}

/** Removes what could break out of a header field. */
export function clean(text: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are the point
  return text.replace(/[\x00-\x1f\x7f]+/g, ' ');
}

function embedUnicode(text: string): string {
  return clean(text).replace(
    /[^\x20-\x7e]/gu,
    (c) => `\\x{${(c.codePointAt(0) ?? 0xfffd).toString(16).toUpperCase()}}`,
  );
}

function readUnicode(text: string): string {
  return clean(
    text.replace(/\\x\{([0-9A-Fa-f]{1,6})\}/g, (whole, hex: string) => {
      const code = Number.parseInt(hex, 16);
      return code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? whole : String.fromCodePoint(code);
    }),
  );
}
