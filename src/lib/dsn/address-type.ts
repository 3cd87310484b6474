import { encodeUtf8AddrXtext, parseUnitext, parseXtext } from '#lib/codecs';
import { blankControls } from '#lib/printable';

const ascii = /^[\x20-\x7e]*$/;

/** Reports whether `text` is printable ASCII. */
export function isAscii(text: string): boolean {
  return ascii.test(text);
}

/**
 * Formats an address for Final-Recipient (RFC 3464 §2.3.2): `rfc822; …`, or the `utf-8` type (RFC 6533 §3), whose characters beyond ASCII
 * become `\x{…}` unless `smtputf8`.
 */
export function typedAddress(address: string, smtputf8: boolean): string {
  if (isAscii(address)) return `rfc822; ${address}`;
  return `utf-8; ${smtputf8 ? clean(address) : encodeUtf8AddrXtext(clean(address))}`;
}

/** Formats an ORCPT value for Original-Recipient (RFC 3464 §2.3.1): xtext decoded (RFC 3461 §4), except in the `utf-8` type, which has its own escapes. */
export function typedOriginal(orcpt: string, smtputf8: boolean): string {
  const semicolon = orcpt.indexOf(';');
  if (semicolon < 0) return typedAddress(orcpt, smtputf8);
  const type = orcpt.slice(0, semicolon).toLowerCase();
  const address = orcpt.slice(semicolon + 1);
  const unitext = type === 'utf-8' ? parseUnitext(address) : null;
  const decoded = unitext === null ? decodeXtext(address) : unitext.ok ? clean(unitext.value) : clean(address);
  const isSendable = smtputf8 || (type !== 'utf-8' && isAscii(decoded));
  return `${clean(type)}; ${isSendable ? decoded : encodeUtf8AddrXtext(decoded)}`;
}

/** Returns the address of a `type; address` value, without angle brackets; `\x{…}` escapes of the `utf-8` type are decoded. */
export function readTypedAddress(value: string): string {
  const semicolon = value.indexOf(';');
  const address = withoutBrackets(value.slice(semicolon + 1).trim());
  return value.slice(0, Math.max(0, semicolon)).trim().toLowerCase() === 'utf-8' ? readUnicode(address) : address;
}

/** Removes angle brackets, which no type has around its addresses but some servers write. */
function withoutBrackets(address: string): string {
  return address.startsWith('<') && address.endsWith('>') ? address.slice(1, -1) : address;
}

/** Decodes xtext (RFC 3461 §4); malformed text is kept. Control characters become spaces. */
function decodeXtext(text: string): string {
  const decoded = parseXtext(text);
  return clean(decoded.ok ? decoded.value : text);
}

/** Replaces control characters, which could end a header field or a line: decoded words and replies may contain line ends of any kind. */
export function clean(text: string): string {
  return blankControls(text);
}

function readUnicode(text: string): string {
  return clean(
    text.replace(/\\x\{([0-9A-Fa-f]{1,6})\}/g, (whole, hex: string) => {
      const code = Number.parseInt(hex, 16);
      return code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff) ? whole : String.fromCodePoint(code);
    }),
  );
}
