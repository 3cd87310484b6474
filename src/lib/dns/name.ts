import { defaultLimits, type DnsLimits } from './limits.ts';

const latin1 = new TextDecoder('latin1');

/** Thrown within this module for a malformed message; never crosses the door. */
export class Malformed extends Error {
  readonly at: number;

  constructor(at: number, reason: string) {
    super(reason);
    this.at = at;
  }
}

/**
 * Reads a possibly compressed name. RFC 1035 §4.1.4: pointers lead to a prior occurrence, so they must lead back; their number is bounded as
 * well, so no name can loop. Bytes in labels that are not printable ASCII, dots and backslashes are written `\ddd` (RFC 1035 §5.1).
 * @returns the name and the offset after it. @throws Malformed
 */
export function readName(
  bytes: Uint8Array,
  at: number,
  limits: DnsLimits = defaultLimits,
): { name: string; end: number } {
  const labels: string[] = [];
  let length = 0;
  let end = -1;
  let lowest = at;
  let pointers = 0;
  for (let i = at; ;) {
    const size = bytes[i];
    if (size === undefined) throw new Malformed(i, 'name runs past the message');
    if (size === 0) return { name: labels.join('.'), end: end < 0 ? i + 1 : end };
    if (size >= 0xc0) {
      const low = bytes[i + 1];
      if (low === undefined) throw new Malformed(i, 'pointer runs past the message');
      const target = ((size & 0x3f) << 8) | low;
      if (end < 0) end = i + 2;
      if (target >= lowest) throw new Malformed(i, 'pointer does not lead back');
      pointers += 1;
      if (pointers > limits.maxPointers) throw new Malformed(i, 'too many pointers');
      lowest = target;
      i = target;
      continue;
    }
    if (size > 63) throw new Malformed(i, 'unknown kind of label');
    length += size + 1;
    // RFC 1035 §2.3.4: at most 255 octets, including that of the root; labels have at most 63.
    if (length > 254) throw new Malformed(i, 'name too long');
    if (i + 1 + size > bytes.length) throw new Malformed(i, 'label runs past the message');
    labels.push(escapeLabel(latin1.decode(bytes.subarray(i + 1, i + 1 + size))));
    i += size + 1;
  }
}

/** Encodes a name, with letters in upper case where `caseBits` has a set bit. Returns null when it is no DNS name (RFC 1035 §2.3.4: length). */
export function encodeName(name: string, caseBits: Uint8Array = new Uint8Array(0)): Uint8Array | null {
  const plain = name.endsWith('.') ? name.slice(0, -1) : name;
  if (plain === '') return Uint8Array.of(0);
  if (plain.length > 253) return null;
  const wire = new Uint8Array(plain.length + 2);
  let at = 0;
  let letters = 0;
  for (const label of plain.split('.')) {
    if (label.length === 0 || label.length > 63) return null;
    wire[at] = label.length;
    at += 1;
    for (let i = 0; i < label.length; i += 1, at += 1) {
      const code = label.charCodeAt(i);
      if (code <= 0x20 || code >= 0x7f || code === 0x5c) return null;
      const lower = code >= 0x41 && code <= 0x5a ? code + 0x20 : code;
      const isLetter = lower >= 0x61 && lower <= 0x7a;
      const bit = ((caseBits[letters >> 3] ?? 0) >> (letters & 7)) & 1;
      if (isLetter) letters += 1;
      wire[at] = isLetter && bit === 1 ? lower - 0x20 : lower;
    }
  }
  return wire;
}

function escapeLabel(label: string): string {
  if (/^[!-[\]-~]*$/.test(label) && !label.includes('.')) return label;
  return label.replace(/[^!-[\]-~]|\./g, (c) => `\\${String(c.charCodeAt(0)).padStart(3, '0')}`);
}
