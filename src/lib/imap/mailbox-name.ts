const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,';

/**
 * Decodes modified UTF-7 (RFC 3501 §5.1.3); null when it is not that: 8-bit characters, unfinished shifts, wrong padding,
 * printable ASCII in base64, or lone surrogates.
 */
export function decodeMailboxName(sent: string): string | null {
  if (!sent.includes('&')) return isAscii(sent) ? sent : null;
  if (!isAscii(sent)) return null;
  let name = '';
  let at = 0;
  while (at < sent.length) {
    const shift = sent.indexOf('&', at);
    if (shift < 0) return name + sent.slice(at);
    const end = sent.indexOf('-', shift);
    if (end < 0) return null;
    name += sent.slice(at, shift);
    if (end === shift + 1) name += '&';
    else {
      const shifted = decodeShifted(sent.slice(shift + 1, end));
      // RFC 3501 §5.1.3: "&" must not follow a shift back at once: one shifted run would do.
      if (shifted === null || (sent[end + 1] === '&' && sent[end + 2] !== '-')) return null;
      name += shifted;
    }
    at = end + 1;
  }
  return name;
}

/** Encodes a Unicode mailbox name in modified UTF-7 (RFC 3501 §5.1.3). */
export function encodeMailboxName(name: string): string {
  if (isAscii(name)) return name.replaceAll('&', '&-');
  return name.replaceAll(/&|[^ -~]+/g, (run) => (run === '&' ? '&-' : `&${encodeShifted(run)}-`));
}

function isAscii(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

function decodeShifted(base64: string): string | null {
  const units: number[] = [];
  let bits = 0;
  let held = 0;
  for (const char of base64) {
    const value = alphabet.indexOf(char);
    if (value < 0) return null;
    held = (held << 6) | value;
    bits += 6;
    if (bits < 16) continue;
    bits -= 16;
    const unit = (held >>> bits) & 0xffff;
    if (unit >= 0x20 && unit < 0x7f) return null;
    units.push(unit);
    held &= (1 << bits) - 1;
  }
  if (units.length === 0 || bits >= 6 || held !== 0) return null;
  const text = units.map((unit) => String.fromCharCode(unit)).join('');
  return text.isWellFormed() ? text : null;
}

function encodeShifted(text: string): string {
  let out = '';
  let bits = 0;
  let held = 0;
  for (let i = 0; i < text.length; i++) {
    held = (held << 16) | text.charCodeAt(i);
    bits += 16;
    while (bits >= 6) {
      bits -= 6;
      out += alphabet[(held >>> bits) & 63] ?? '';
    }
    held &= (1 << bits) - 1;
  }
  return bits === 0 ? out : out + (alphabet[(held << (6 - bits)) & 63] ?? '');
}
